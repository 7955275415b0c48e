/** The field in which one writes, with all that helps there: formats, names, line breaks, and how much room is left. */

import { FormatBar } from "./format_bar.js";
import { LengthCounter } from "./length_counter.js";
import { breakLine, openFence } from "./text_editing.js";
import { TextField } from "./text_field.js";

const touched = matchMedia("(pointer: coarse)");

export class WritingArea {
  #area;
  #field;
  #counter;
  #formats;
  /** With the first sign of a name. @type {import("./completion_box.js").CompletionBox | null} */
  #completion = null;
  #isLoading = false;

  /** @param {{form: HTMLFormElement, area: HTMLTextAreaElement, conversation: Api.Label}} parts */
  constructor({ form, area, conversation }) {
    const field = new TextField(area);
    this.#area = area;
    this.#field = field;
    this.#counter = new LengthCounter({ form, area });
    this.#formats = new FormatBar({ form, area, field });
    area.addEventListener("input", () => this.#complete(form, conversation));
    area.enterKeyHint = touched.matches ? "enter" : "send";
    area.addEventListener("beforeinput", (event) => {
      if (event.inputType === "insertLineBreak" && !event.isComposing) {
        event.preventDefault();
        field.edit(breakLine(field.selection));
      }
    });
    field.grow();
  }

  get text() {
    return this.#field.text;
  }

  /** @param {string} text */
  set text(text) {
    this.#field.text = text;
    this.#counter.show();
  }

  /** How many characters are too many for one message. */
  get surplus() {
    return this.#counter.surplus;
  }

  focus() {
    this.#field.focus();
  }

  /** While something is on its way that the text belongs to. @param {boolean} isHeld */
  hold(isHeld) {
    this.#area.readOnly = isHeld;
  }

  /** Whether the key was for names or formats. @param {KeyboardEvent} event */
  pressed(event) {
    return this.#completion?.pressed(event) || this.#formats.pressed(event);
  }

  /** @param {HTMLFormElement} form @param {Api.Label} conversation */
  async #complete(form, conversation) {
    if (this.#isLoading || !/[@#:]/.test(this.#area.value)) {
      return;
    }
    this.#isLoading = true;
    try {
      const { completeNames } = await import("./composer_completion.js");
      this.#completion = completeNames({ form, area: this.#area, field: this.#field, conversation });
    } catch {
      this.#isLoading = false; // there is no line: the next sign asks again
    }
  }

  /**
   * Whether this key sends: not where a finger has no other for a new line, nor within a block of code.
   * @param {KeyboardEvent} event
   */
  sends(event) {
    const { text, start } = this.#field.selection;
    const breaks = event.shiftKey || touched.matches || openFence(text.slice(0, start)) !== "";
    return event.key === "Enter" && (event.ctrlKey || event.metaKey || !breaks);
  }
}
