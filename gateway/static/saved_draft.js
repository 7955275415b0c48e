/** A draft: what one is about to write in a conversation, kept by the service for all devices and for later. */

import { ownPathOf } from "./conversation_label.js";
import { newNonce } from "./outbox.js";
import { me } from "./people.js";
import { lengthOf } from "./texts.js";

const QUIET_MS = 600;
const RETRY_MS = 3_000;
const PASSING = new Set([0, 401, 429]); // no answer; the session has ended, but the person comes back; too fast
const EMPTY = { message: "", reply_to: null };

export class SavedDraft {
  #path;
  #key;
  #onElsewhere;
  /** As the service has it. @type {Api.Draft} */
  #kept;
  /** As it is here. @type {Api.Draft} */
  #here;
  /** By which its own changes are known when they come back. @type {Set<string>} */
  #nonces = new Set();
  #timer = 0;
  #isSending = false;
  #lengthMax;

  /**
   * @param {object} parts
   * @param {Api.Label} parts.conversation
   * @param {Api.Draft} parts.kept as the page was made with it
   * @param {number} parts.lengthMax of what the service keeps
   * @param {import("./connection.js").Connection} parts.connection
   * @param {(draft: Api.Draft) => void} parts.onElsewhere it was changed elsewhere
   */
  constructor({ conversation, kept, lengthMax, connection, onElsewhere }) {
    this.#path = `${ownPathOf(conversation)}/draft`;
    this.#key = `parley.draft.${me}.${conversation}`;
    this.#onElsewhere = onElsewhere;
    this.#lengthMax = lengthMax;
    this.#kept = kept;
    this.#here = kept;
    connection.on("draft", (event) => event.conversation === conversation && this.#hear(event));
    connection.on("state", (state) => state === "online" && this.#soon(0));
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.#leave());
  }

  /** Show what the page before this one could not keep in time, unless another device has written since. */
  recover() {
    const { base, here } = parsed(sessionStorage.getItem(this.#key));
    sessionStorage.removeItem(this.#key);
    if (here && isSame(base, this.#kept)) {
      this.#onElsewhere(here);
      this.keep(here);
    }
  }

  /** Keep it, when the writer pauses. @param {Api.Draft} draft */
  keep({ message, reply_to }) {
    this.#here = message.trim() || reply_to !== null ? { message, reply_to } : EMPTY;
    this.#soon(QUIET_MS);
  }

  /** It has been sent. */
  forget() {
    this.#here = EMPTY;
    this.#soon(0);
  }

  get #isKept() {
    return isSame(this.#here, this.#kept);
  }

  get #fits() {
    return lengthOf(this.#here.message) <= this.#lengthMax;
  }

  /** @param {number} afterMs */
  #soon(afterMs) {
    clearTimeout(this.#timer);
    if (!this.#isKept && !this.#isSending && this.#fits) {
      this.#timer = setTimeout(() => this.#send(), afterMs);
    }
  }

  /** One at a time, so that the last is the last. */
  async #send() {
    const sent = this.#here;
    this.#isSending = true;
    const isSettled = await this.#put(sent);
    this.#isSending = false;
    if (isSettled) {
      this.#kept = sent; // what is refused for good is refused again
    }
    this.#soon(isSettled ? QUIET_MS : RETRY_MS);
  }

  /** The page goes. The next one may be made before this arrives. */
  #leave() {
    if (!this.#isKept) {
      clearTimeout(this.#timer);
      const [base, here] = [this.#kept, this.#here];
      sessionStorage.setItem(this.#key, JSON.stringify({ base, here }));
      if (this.#fits) {
        this.#put(here, { keepalive: true }).then((isSettled) => isSettled || this.#unkeep(here, base));
        this.#kept = here;
      }
    }
  }

  /** It was only hidden, and is there still. @param {Api.Draft} here @param {Api.Draft} base */
  #unkeep(here, base) {
    if (this.#kept === here) {
      this.#kept = base;
      this.#soon(RETRY_MS);
    }
  }

  /**
   * Whether that is the end of it; else it is to be tried again.
   * @param {Api.Draft} draft
   * @param {RequestInit} [options]
   */
  async #put(draft, options = {}) {
    const nonce = newNonce();
    this.#nonces.add(nonce);
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ ...draft, nonce });
    const request = fetch(this.#path, { method: "PUT", headers, body, ...options });
    const status = await request.then((answer) => answer.status).catch(() => 0);
    const isSettled = !PASSING.has(status) && status < 500;
    if (isSettled && isSame(draft, this.#here)) {
      sessionStorage.removeItem(this.#key); // else it would come back one day
    }
    return isSettled;
  }

  /** What is being written here is newer. @param {Api.Events["draft"]} event */
  #hear({ message, reply_to, nonce }) {
    if (nonce && this.#nonces.delete(nonce)) {
      return;
    }
    const isIdle = this.#isKept;
    this.#kept = { message, reply_to };
    if (isIdle) {
      this.#here = this.#kept;
      this.#onElsewhere(this.#kept);
    }
  }
}

/** @param {Api.Draft} one @param {Api.Draft} other */
function isSame(one, other) {
  return one.message === other.message && one.reply_to === other.reply_to;
}

/** @param {string | null} text @returns {{base: Api.Draft, here: Api.Draft | null}} */
function parsed(text) {
  try {
    return JSON.parse(text ?? "") ?? { base: EMPTY, here: null };
  } catch {
    return { base: EMPTY, here: null };
  }
}
