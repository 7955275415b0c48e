/** The bar above what one writes: which message it answers, or changes. */

import { actionButton } from "./dom.js";
import { t } from "./i18n.js";

export class ReplyBar {
  #bar;
  #onCancel;

  /** @param {HTMLElement} bar @param {() => void} onCancel */
  constructor(bar, onCancel) {
    this.#bar = bar;
    this.#onCancel = onCancel;
  }

  /** @param {string} what is done @param {string} quote of the message */
  show(what, quote) {
    const title = document.createElement("span");
    title.className = "what";
    title.dir = "auto";
    title.textContent = what;
    const cancel = actionButton("cancel", "×");
    cancel.setAttribute("aria-label", t("Cancel"));
    cancel.addEventListener("click", () => this.#onCancel());
    this.#bar.replaceChildren(title, " ", quoted(quote), " ", cancel);
    this.#bar.hidden = false;
  }

  /** The message says something else now. @param {string} quote */
  update(quote) {
    this.#bar.querySelector(".quote")?.replaceWith(quoted(quote));
  }

  hide() {
    this.#bar.hidden = true;
    this.#bar.replaceChildren();
  }
}

/** @param {string} text */
function quoted(text) {
  const quote = document.createElement("span");
  quote.className = "quote";
  quote.dir = "auto";
  quote.textContent = text;
  return quote;
}
