/** Where the reader is in the log, and that nothing moves under their eyes. */

import { all, optional } from "./dom.js";
import { t } from "./i18n.js";

const END_PX = 40;
const START_PX = 400;

/** The scroller runs backwards (column-reverse): 0 is the newest message, what is above is negative. */
export class ScrollPosition {
  #scroller;
  #newer;
  #toPresent;
  /** Kept, not asked: to ask is to lay out, once for each of many messages. */
  #isAtEnd;
  #isKeeping = false;

  /**
   * @param {HTMLElement} scroller
   * @param {object} told
   * @param {() => void} told.toPresent before it goes to the end
   * @param {() => void} told.moved when another part is in view
   */
  constructor(scroller, { toPresent, moved }) {
    this.#scroller = scroller;
    this.#toPresent = toPresent;
    this.#newer = this.#makeButton();
    this.#isAtEnd = scroller.scrollTop > -END_PX;
    scroller.style.overflowAnchor = "none"; // `keep` does it, in all browsers alike
    let isUnderway = false;
    scroller.addEventListener("scroll", () => {
      this.#isAtEnd = scroller.scrollTop > -END_PX;
      if (this.#isAtEnd) {
        this.#newer.hidden = true;
      }
      if (!isUnderway) {
        isUnderway = true;
        requestAnimationFrame(() => {
          isUnderway = false;
          moved();
        });
      }
    });
  }

  get isAtEnd() {
    return this.#isAtEnd;
  }

  get isNearStart() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight + scrollTop - clientHeight < START_PX;
  }

  /** The lower edge of what is in view, in pixels of the window. */
  get bottom() {
    return this.#scroller.getBoundingClientRect().bottom;
  }

  toEnd({ smoothly = false } = {}) {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: 0, behavior: smoothly && !isCalm ? "smooth" : "instant" });
    this.#newer.hidden = true;
    this.#isAtEnd ||= !smoothly;
  }

  /**
   * Carry out a change of the log: who is at its end stays there, who reads above sees nothing move.
   * @param {() => void} change
   */
  keep(change, { isNews = false } = {}) {
    if (isNews && !this.#isAtEnd) {
      this.tellOfNews();
    }
    if (this.#isAtEnd || this.#isKeeping) {
      change(); // at 0 the browser stays at the end by itself
      return;
    }
    this.#isKeeping = true;
    const anchor = this.#firstInView();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    try {
      change();
    } finally {
      this.#isKeeping = false;
    }
    if (anchor?.isConnected) {
      this.#scroller.scrollTop += anchor.getBoundingClientRect().top - before;
    }
  }

  tellOfNews() {
    this.#newer.hidden = false;
  }

  #firstInView() {
    const top = this.#scroller.getBoundingClientRect().top;
    return all(this.#scroller, "article").find((one) => one.getBoundingClientRect().bottom > top);
  }

  #makeButton() {
    const button = document.createElement("button");
    button.type = "button";
    button.id = "newer";
    button.className = "newer";
    button.hidden = true;
    button.textContent = t("New messages");
    button.addEventListener("click", () => {
      this.#toPresent();
      this.toEnd({ smoothly: true });
      optional(document, '#composer textarea[name="message"]')?.focus();
    });
    this.#scroller.after(button);
    return button;
  }
}
