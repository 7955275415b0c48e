/** Changes of the log: in their order, and all that come between two pictures of the page carried out together. */

export class ChangeQueue {
  /** @type {(() => void)[]} */
  #changes = [];
  #isUnderway = false;
  #isHeld;
  #carryOut;

  /**
   * @param {object} parts
   * @param {() => boolean} parts.isHeld while what comes has to wait, until `flush` is called
   * @param {(changes: () => void) => void} parts.carryOut
   */
  constructor({ isHeld, carryOut }) {
    this.#isHeld = isHeld;
    this.#carryOut = carryOut;
  }

  /** @param {() => void} change */
  push(change) {
    this.#changes.push(change);
    if (!this.#isUnderway && !this.#isHeld()) {
      this.#isUnderway = true;
      soon(() => {
        this.#isUnderway = false;
        this.flush();
      });
    }
  }

  flush() {
    if (this.#changes.length > 0 && !this.#isHeld()) {
      const changes = this.#changes.splice(0);
      this.#carryOut(() => changes.forEach((change) => change()));
    }
  }

  /** What is told of is known in another way. */
  clear() {
    this.#changes = [];
  }
}

/** Before the next picture of the page; of one that nobody sees, browsers make none. @param {() => void} callback */
function soon(callback) {
  if (document.visibilityState === "visible") {
    requestAnimationFrame(callback);
  } else {
    setTimeout(callback);
  }
}
