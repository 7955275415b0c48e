/** Where the reader is in the log, and that nothing moves under their eyes. */

import { t } from "./words.js";

const END_PX = 40;
const START_PX = 400;

/** The scroller runs backwards (column-reverse): 0 is the newest message, what is above is negative. */
export class Scroll {
  #scroller;
  #newer;
  #toPresent;
  /** Kept, not asked: to ask is to lay out, once for each of many messages. */
  #isAtEnd;
  #isKeeping = false;

  /** `toPresent` is asked before going to the end; `moved` is told that another part is in view. */
  constructor(scroller, { toPresent, moved }) {
    this.#scroller = scroller;
    this.#toPresent = toPresent;
    this.#newer = this.#makeButton();
    this.#isAtEnd = scroller.scrollTop > -END_PX;
    scroller.style.overflowAnchor = "none"; // `keep` does it, in all browsers alike
    let underway = false;
    scroller.addEventListener("scroll", () => {
      this.#isAtEnd = scroller.scrollTop > -END_PX;
      if (this.#isAtEnd) {
        this.#newer.hidden = true;
      }
      if (!underway) {
        underway = true;
        requestAnimationFrame(() => {
          underway = false;
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

  focus() {
    this.#scroller.focus();
  }

  toEnd({ smoothly = false } = {}) {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: 0, behavior: smoothly && !isCalm ? "smooth" : "instant" });
    this.#newer.hidden = true;
    this.#isAtEnd ||= !smoothly;
  }

  /** Carry out a change of the log: who is at its end stays there, who reads above sees nothing move. */
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
    const before = anchor?.getBoundingClientRect().top;
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
    const articles = [...this.#scroller.querySelectorAll("article")];
    return articles.find((one) => one.getBoundingClientRect().bottom > top);
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
      document.querySelector('#composer textarea[name="message"]')?.focus();
    });
    this.#scroller.after(button);
    return button;
  }
}
