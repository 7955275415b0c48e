/** The field in which one writes: changed as if it were typed, so that the browser can undo it. */

/** @import { Selection } from "./text_editing.js" */

export class TextField {
  #area;

  /** @param {HTMLTextAreaElement} area */
  constructor(area) {
    this.#area = area;
    area.addEventListener("input", () => this.grow());
  }

  get text() {
    return this.#area.value;
  }

  /** Another text, with the place to write at its end; nothing to be undone. @param {string} text */
  set text(text) {
    this.#area.value = text;
    this.#area.setSelectionRange(text.length, text.length);
    this.grow();
  }

  /** @returns {Selection} */
  get selection() {
    const { value, selectionStart, selectionEnd } = this.#area;
    return { text: value, start: selectionStart, end: selectionEnd };
  }

  /** Change what differs, as if it were typed. @param {Selection} wanted */
  edit({ text, start, end }) {
    const { from, to, inserted } = difference(this.#area.value, text);
    this.#area.focus();
    if (from !== to || inserted) {
      this.#area.setSelectionRange(from, to);
      // Nothing newer keeps what can be undone.
      document.execCommand(inserted ? "insertText" : "delete", false, inserted);
      if (this.#area.value !== text) {
        this.#area.value = text;
        this.#area.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    this.#area.setSelectionRange(start, end);
  }

  focus() {
    this.#area.focus();
  }

  /** As high as its text; the style sheet says how high at most. */
  grow() {
    this.#area.style.height = "auto";
    const border = this.#area.offsetHeight - this.#area.clientHeight;
    this.#area.style.height = `${this.#area.scrollHeight + border}px`;
  }
}

/**
 * What has to be put in the place of what, whole characters, for `before` to become `after`.
 * @param {string} before
 * @param {string} after
 */
export function difference(before, after) {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) {
    from += 1;
  }
  from -= Number(isHalf(before, from) || isHalf(after, from));
  let behind = 0;
  while (behind < shorter - from && before.at(-1 - behind) === after.at(-1 - behind)) {
    behind += 1;
  }
  behind -= Number(isHalf(before, before.length - behind) || isHalf(after, after.length - behind));
  return { from, to: before.length - behind, inserted: after.slice(from, after.length - behind) };
}

/** Whether the place is in the middle of a surrogate pair. @param {string} text @param {number} place */
function isHalf(text, place) {
  return /[\ud800-\udbff]/.test(text[place - 1] ?? "") && /[\udc00-\udfff]/.test(text[place] ?? "");
}
