/** The box beside a field with what may be meant: a listbox that the field's own keys move in. */

import { ranked } from "./completion.js";
import { closest, required } from "./dom.js";
import { t } from "./i18n.js";
import { fillAvatar } from "./people.js";

/** @import { Candidate, Token } from "./completion.js" */
/** @import { TextField } from "./text_field.js" */

/**
 * `known` is what the page knows of it, `more` what the services know besides.
 * @typedef {object} Sources
 * @property {(token: Token) => Candidate[]} known
 * @property {(token: Token) => Promise<Candidate[]>} more
 */

const SHOWN_MAX = 8;
const QUIET_MS = 120;

export class CompletionBox {
  #area;
  #field;
  #sources;
  #tokenAt;
  #box;
  #list;
  #status;
  /** @type {Token | null} */
  #token = null;
  /** @type {Candidate[]} */
  #shown = [];
  #active = 0;
  /** Where the reader wanted no names; -1: nowhere. */
  #leftAt = -1;
  #timer = 0;

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {HTMLTextAreaElement | HTMLInputElement} parts.area
   * @param {Pick<TextField, "selection" | "edit">} parts.field
   * @param {Sources} parts.sources
   * @param {(text: string, place: number) => Token | null} parts.tokenAt what is being written up to the place
   */
  constructor({ form, area, field, sources, tokenAt }) {
    this.#area = area;
    this.#field = field;
    this.#sources = sources;
    this.#tokenAt = tokenAt;
    this.#box = required(form, ".completion");
    this.#list = required(this.#box, "[role=listbox]");
    this.#status = required(form, "#completion-status");
    area.addEventListener("input", () => this.#look());
    area.addEventListener("click", () => this.#look());
    const moves = /^(Arrow(Left|Right)|Home|End)$/;
    area.addEventListener("keyup", (event) => event instanceof KeyboardEvent && moves.test(event.key) && this.#look());
    area.addEventListener("blur", () => this.#close());
    this.#box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.#box.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const place = closest(event, "[role=option]")?.dataset.place;
      this.#choose(this.#shown[Number(place ?? NaN)]);
    });
    if (document.activeElement === area) {
      this.#look(); // what was typed while this was loaded
    }
  }

  /** Whether the key was for the box. @param {KeyboardEvent} event */
  pressed(event) {
    if (this.#box.hidden || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
      return false;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#activate((this.#active + step + this.#shown.length) % this.#shown.length);
    } else if (event.key === "Escape") {
      this.#leftAt = this.#token?.start ?? -1;
      this.#close();
    } else if (event.key === "Tab" || (event.key === "Enter" && !this.#isWritten)) {
      this.#choose(this.#shown[this.#active]);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  /** Whoever has written the whole name needs no completion of it. */
  get #isWritten() {
    const written = this.#token && this.#field.selection.text.slice(this.#token.start, this.#token.end);
    return this.#shown[this.#active]?.inserted.trimEnd() === written;
  }

  /** Which name is being written now? */
  #look() {
    const { text, start, end } = this.#field.selection;
    const token = start === end ? this.#tokenAt(text, start) : null;
    if (token?.start !== this.#leftAt) {
      this.#leftAt = -1;
    }
    this.#token = this.#leftAt < 0 ? token : null;
    clearTimeout(this.#timer);
    if (!this.#token) {
      this.#close();
      return;
    }
    this.#show([]);
    this.#timer = setTimeout(() => this.#askForMore(), QUIET_MS);
  }

  async #askForMore() {
    const token = this.#token;
    const more = token ? await this.#sources.more(token) : [];
    if (more.length > 0 && token === this.#token) {
      this.#show(more);
    }
  }

  /** @param {Candidate[]} more */
  #show(more) {
    const token = /** @type {Token} */ (this.#token);
    const before = this.#shown[this.#active]?.inserted;
    const found = ranked([...this.#sources.known(token), ...more], token.query, 3 * SHOWN_MAX);
    this.#shown = unique(found).slice(0, SHOWN_MAX);
    if (this.#shown.length === 0) {
      this.#hide();
      return;
    }
    this.#list.replaceChildren(...this.#shown.map(optionOf));
    this.#setShown(true);
    this.#area.setAttribute("aria-controls", this.#list.id);
    this.#activate(more.length ? Math.max(0, this.#shown.findIndex((one) => one.inserted === before)) : 0);
    this.#status.textContent = t("Suggestions: %(count)s. Choose with the arrow keys and Enter.", {
      count: this.#shown.length,
    });
  }

  /** @param {number} place */
  #activate(place) {
    this.#active = place;
    [...this.#list.children].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === place));
    });
    const active = this.#list.children[place];
    this.#area.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  }

  /** @param {Candidate | undefined} candidate */
  #choose(candidate) {
    const token = this.#token;
    if (candidate && token) {
      const { text } = this.#field.selection;
      const after = text.slice(token.end);
      const inserted = after.startsWith(" ") ? candidate.inserted.trimEnd() : candidate.inserted;
      const place = token.start + inserted.length;
      this.#field.edit({ text: text.slice(0, token.start) + inserted + after, start: place, end: place });
    }
    this.#close();
  }

  /** @param {boolean} isShown */
  #setShown(isShown) {
    this.#box.hidden = !isShown;
    if (this.#area.getAttribute("role") === "combobox") {
      this.#area.ariaExpanded = String(isShown);
    }
  }

  #close() {
    clearTimeout(this.#timer);
    this.#token = null;
    this.#hide();
  }

  #hide() {
    this.#shown = [];
    this.#setShown(false);
    this.#list.replaceChildren();
    this.#status.textContent = "";
    this.#area.removeAttribute("aria-activedescendant");
    this.#area.removeAttribute("aria-controls");
  }
}

/** Each once: an emoji has several names, and a person is known and found. @param {Candidate[]} candidates */
function unique(candidates) {
  return candidates.filter((one, place) => candidates.findIndex((other) => other.inserted === one.inserted) === place);
}

/** @param {Candidate} candidate @param {number} place */
function optionOf({ sign, name, called, inserted }, place) {
  const option = document.createElement("li");
  option.id = `completion-${place}`;
  option.dataset.place = String(place);
  option.setAttribute("role", "option");
  const shown = span("called", called ?? (sign === ":" ? `:${name}:` : name));
  option.append(...(sign === "=" ? [] : [pictureOf(sign, name, inserted)]), shown);
  if (called && called !== name) {
    option.append(" ", span("handle", sign === "=" ? name : `@${name}`));
  }
  return option;
}

/** @param {string} sign @param {string} name @param {string} inserted */
function pictureOf(sign, name, inserted) {
  const picture = span("avatar", sign === ":" ? inserted : "#");
  picture.setAttribute("aria-hidden", "true");
  if (sign === "@" && inserted !== "@room ") {
    fillAvatar(picture, name);
  } else {
    picture.classList.add(sign === ":" ? "emoji" : "room");
    picture.textContent = sign === "@" ? "@" : picture.textContent;
  }
  return picture;
}

/** @param {string} className @param {string} text */
function span(className, text) {
  const made = document.createElement("span");
  made.className = className;
  made.dir = "auto";
  made.textContent = text;
  return made;
}
