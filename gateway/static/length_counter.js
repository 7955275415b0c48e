/** How much room a message has left, told when it gets narrow; nothing of it is ever cut. */

import { required } from "./dom.js";
import { language, t } from "./i18n.js";
import { lengthOf } from "./texts.js";

const TOLD_FROM = 200;

export class LengthCounter {
  #area;
  #count;
  #status;
  #form;

  /** @param {{form: HTMLFormElement, area: HTMLTextAreaElement}} parts */
  constructor({ form, area }) {
    this.#area = area;
    this.#count = required(form, ".count");
    this.#status = required(form, "#count-status");
    this.#form = form;
    area.addEventListener("input", () => this.show());
  }

  /** How many characters are too many; 0 where none are. */
  get surplus() {
    return Math.max(0, -this.#left);
  }

  /** Characters as the services count them, which are at most as many as the browser does. */
  get #left() {
    const { value } = this.#area;
    const lengthMax = Number(this.#form.dataset.messageLengthMax);
    const isFar = value.length <= lengthMax - TOLD_FROM;
    return lengthMax - (isFar ? value.length : lengthOf(value));
  }

  show() {
    const left = this.#left;
    const isOver = left < 0;
    this.#count.hidden = left > TOLD_FROM;
    this.#count.textContent = new Intl.NumberFormat(language).format(left);
    this.#count.classList.toggle("over", isOver);
    this.#area.ariaInvalid = isOver ? "true" : null;
    const text = isOver ? t("Too long for one message.") : this.#count.hidden ? "" : t("The message is nearly full.");
    if (this.#status.textContent !== text) {
      this.#status.textContent = text; // read out once, not with each letter
    }
  }
}
