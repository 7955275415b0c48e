/** The button to the newest message: there as long as that is not in view, with how much is new. */

import { t } from "./i18n.js";

export class NewsButton {
  #button;
  #count = 0;

  /** @param {HTMLElement} scroller @param {() => void} onPress */
  constructor(scroller, onPress) {
    this.#button = document.createElement("button");
    this.#button.type = "button";
    this.#button.id = "newer";
    this.#button.className = "newer";
    this.#button.dataset.icon = "newest";
    this.#button.hidden = true;
    this.#button.addEventListener("click", onPress);
    const place = document.createElement("div");
    place.className = "newer-place";
    place.append(this.#button);
    scroller.after(place);
  }

  /** How much of the conversation has not been seen. */
  get count() {
    return this.#count;
  }

  set count(count) {
    this.#count = count;
    this.#write();
  }

  /** @param {{isAtEnd: boolean, isPast: boolean}} where the reader is */
  show({ isAtEnd, isPast }) {
    this.#button.hidden = isAtEnd || (this.#count === 0 && !isPast);
    this.#write();
  }

  /** Only where it is seen: what is written unseen may be written often. */
  #write() {
    const text = this.#button.hidden ? "" : wordsFor(this.#count);
    if (this.#button.textContent !== text) {
      this.#button.textContent = text;
    }
  }
}

/** @param {number} count */
function wordsFor(count) {
  if (count === 0) {
    return t("Newest messages");
  }
  return count === 1 ? t("1 new message") : t("%(count)s new messages", { count });
}
