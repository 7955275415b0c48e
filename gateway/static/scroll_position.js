/** Where the reader is in the log, and that nothing moves under their eyes. */

import { all } from "./dom.js";

const END_PX = 40;
const EDGE_PX = 600;

/** The scroller runs backwards (column-reverse): 0 is the newest message, what is above is negative. */
export class ScrollPosition {
  #scroller;
  #isPast;
  /** Kept, not asked: to ask is to lay out, once for each of many messages. */
  #isAtBottom;
  #isKeeping = false;

  /**
   * @param {HTMLElement} scroller
   * @param {object} told
   * @param {() => boolean} told.isPast there is more below than is shown
   * @param {() => void} told.moved when another part is in view
   */
  constructor(scroller, { isPast, moved }) {
    this.#scroller = scroller;
    this.#isPast = isPast;
    this.#isAtBottom = scroller.scrollTop > -END_PX;
    scroller.style.overflowAnchor = "none"; // `keep` does it, in all browsers alike
    let isUnderway = false;
    scroller.addEventListener("scroll", () => {
      this.#isAtBottom = scroller.scrollTop > -END_PX;
      if (!isUnderway) {
        isUnderway = true;
        requestAnimationFrame(() => {
          isUnderway = false;
          moved();
        });
      }
    });
  }

  /** The newest of all messages is in view. */
  get isAtEnd() {
    return this.#isAtBottom && !this.#isPast();
  }

  get isNearStart() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight + scrollTop - clientHeight < EDGE_PX;
  }

  /** Near to the last message that is shown. */
  get isNearBottom() {
    return this.#scroller.scrollTop > -EDGE_PX;
  }

  toEnd({ smoothly = false } = {}) {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: 0, behavior: smoothly && !isCalm ? "smooth" : "instant" });
    this.#isAtBottom ||= !smoothly;
  }

  /** Bring it into view. @param {HTMLElement} element @param {ScrollLogicalPosition} block */
  reveal(element, block) {
    element.scrollIntoView({ block });
    this.#isAtBottom = this.#scroller.scrollTop > -END_PX;
  }

  /** What stands at the top, is above it, or not: whether it can be seen. @param {HTMLElement} element */
  isAboveView(element) {
    return element.getBoundingClientRect().top < this.#scroller.getBoundingClientRect().top;
  }

  /**
   * Carry out a change of the log: who is at its end stays there, who reads above sees nothing move.
   * @param {() => void} change
   */
  keep(change) {
    if (this.isAtEnd || this.#isKeeping) {
      change(); // at 0 the browser stays at the end by itself
      return;
    }
    this.#isKeeping = true;
    const anchors = this.#inView();
    const before = anchors.map((one) => one.getBoundingClientRect().top);
    try {
      change();
    } finally {
      this.#isKeeping = false;
    }
    const index = anchors.findIndex((one) => one.isConnected);
    if (index >= 0) {
      const movedPx = anchors[index].getBoundingClientRect().top - before[index];
      if (Math.abs(movedPx) > 0.01) {
        this.#scroller.scrollTop += movedPx;
      }
      this.#isAtBottom = this.#scroller.scrollTop > -END_PX;
    }
  }

  /** The message that stands first in view, if any does. */
  get firstInView() {
    return this.#inView()[0] ?? null;
  }

  /** The first may go with the change: then the next one is to stay where it is. */
  #inView() {
    const { top, bottom } = this.#scroller.getBoundingClientRect();
    const articles = all(this.#scroller, "article");
    const first = articles.findIndex((one) => one.getBoundingClientRect().bottom > top);
    const end = articles.findIndex((one, index) => index > first && one.getBoundingClientRect().top > bottom);
    return first < 0 ? [] : articles.slice(first, end < 0 ? undefined : end);
  }
}
