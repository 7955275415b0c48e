/** The page of search: its field completes what follows an operator. */

import { CompletionBox } from "./completion_box.js";
import { foundValues, knownValues, operatorAt } from "./search_operators.js";

/** @import { Selection } from "./text_editing.js" */

/** @param {HTMLInputElement} input */
export function wireSearchCompletion(input) {
  const form = /** @type {HTMLFormElement} */ (input.form);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.ariaExpanded = "false";
  const sources = { known: knownValues, more: foundValues };
  const box = new CompletionBox({ form, area: input, field: new SearchField(input), sources, tokenAt: operatorAt });
  input.addEventListener("keydown", (event) => !event.isComposing && box.pressed(event));
}

class SearchField {
  #input;

  /** @param {HTMLInputElement} input */
  constructor(input) {
    this.#input = input;
  }

  /** @returns {Selection} */
  get selection() {
    const { value, selectionStart, selectionEnd } = this.#input;
    return { text: value, start: selectionStart ?? value.length, end: selectionEnd ?? value.length };
  }

  /** @param {Selection} wanted */
  edit({ text, start, end }) {
    this.#input.value = text;
    this.#input.setSelectionRange(start, end);
  }
}
