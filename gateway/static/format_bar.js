/** The bar for what a text can look like, and its keys. */

import { showComposerError } from "./composer_error.js";
import { all, closest, optional } from "./dom.js";
import { t } from "./i18n.js";
import { makeBlock, makeLink, toggleCode, toggleMark, togglePrefix } from "./text_editing.js";

/** @import { Selection } from "./text_editing.js" */
/** @import { TextField } from "./text_field.js" */

/** @type {Record<string, (selection: Selection) => Selection>} */
const FORMATS = {
  bold: (selection) => toggleMark(selection, "**"),
  italic: (selection) => toggleMark(selection, "*"),
  strike: (selection) => toggleMark(selection, "~~"),
  code: toggleCode,
  block: makeBlock,
  list: (selection) => togglePrefix(selection, "- "),
  quote: (selection) => togglePrefix(selection, "> "),
  link: makeLink,
  spoiler: (selection) => toggleMark(selection, "||"),
};
/** @type {Record<string, string>} */
const KEYS = { b: "bold", i: "italic", e: "code", k: "link" };
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export class FormatBar {
  #field;

  /** @param {{form: HTMLFormElement, area: HTMLTextAreaElement, field: TextField}} parts */
  constructor({ form, area, field }) {
    this.#field = field;
    const bar = optional(form, ".formats");
    if (bar) {
      this.#wire(bar);
      // On a phone there is only room for it when it is of use.
      document.addEventListener("selectionchange", () => {
        form.classList.toggle("marking", document.activeElement === area && area.selectionStart !== area.selectionEnd);
      });
    }
    const emoji = optional(form, '[data-action="emoji"]');
    if (emoji) {
      emoji.hidden = false;
      emoji.addEventListener("click", () => this.#pickEmoji(emoji));
    }
  }

  /** One goes in where one writes. @param {HTMLElement} opener */
  async #pickEmoji(opener) {
    try {
      const { toggleEmojiPicker } = await import("./emoji_picker.js");
      await toggleEmojiPicker(opener, t("Choose an emoji"), (emoji) => {
        const { text, start, end } = this.#field.selection;
        const place = start + emoji.length;
        this.#field.edit({ text: text.slice(0, start) + emoji + text.slice(end), start: place, end: place });
      });
    } catch {
      showComposerError(t("You are offline. Try again in a moment."));
    }
  }

  /** Whether the key was one of these. @param {KeyboardEvent} event */
  pressed(event) {
    const format = KEYS[event.key.toLowerCase()];
    const isCommand = IS_MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
    if (!format || !isCommand || event.altKey || event.shiftKey) {
      return false;
    }
    const { start, end } = this.#field.selection;
    if (format === "link" && start === end) {
      return false; // without a text to link, the same key opens the switcher
    }
    event.preventDefault();
    this.#apply(format);
    return true;
  }

  /** @param {HTMLElement} bar */
  #wire(bar) {
    bar.hidden = false;
    bar.addEventListener("pointerdown", (event) => event.preventDefault()); // what is marked stays so
    bar.addEventListener("mousedown", (event) => event.preventDefault());
    bar.addEventListener("click", (event) => this.#apply(closest(event, "[data-format]")?.dataset.format ?? ""));
    bar.addEventListener("keydown", (event) => rove(all(bar, "button"), event));
    if (IS_MAC) {
      for (const button of all(bar, "[aria-keyshortcuts]")) {
        button.title = button.title.replace("Ctrl+", "⌘");
        button.setAttribute("aria-keyshortcuts", `Meta+${button.title.slice(-1)}`);
      }
    }
  }

  /** @param {string} format */
  #apply(format) {
    const change = FORMATS[format];
    if (change) {
      this.#field.edit(change(this.#field.selection));
    }
  }
}

/**
 * One stop for the tab key, arrows within (ARIA's toolbar).
 * @param {HTMLElement[]} buttons
 * @param {KeyboardEvent} event
 */
function rove(buttons, event) {
  const here = buttons.findIndex((button) => button === document.activeElement);
  const isMirrored = getComputedStyle(buttons[0]).direction === "rtl";
  /** @type {Record<string, number>} */
  const places = {
    [isMirrored ? "ArrowLeft" : "ArrowRight"]: here + 1,
    [isMirrored ? "ArrowRight" : "ArrowLeft"]: here - 1,
    Home: 0,
    End: buttons.length - 1,
  };
  const place = places[event.key];
  if (place !== undefined) {
    event.preventDefault();
    const next = buttons[(place + buttons.length) % buttons.length];
    buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
    next.focus();
  }
}
