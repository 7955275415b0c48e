/** The switcher: a window with one field that leads to any person, room or message, or does something. */

import { closest } from "./dom.js";
import { t } from "./i18n.js";
import { foundValues, hasFewValues, operatorAt } from "./search_operators.js";
import { commands } from "./switcher_commands.js";
import { operatorChoices } from "./switcher_operators.js";
import { optionOf, plainChoice, span } from "./switcher_options.js";
import { askedFor, searchPath } from "./switcher_query.js";
import { listed, searched } from "./switcher_sources.js";
import { makeDialog } from "./switcher_dialog.js";

/** @import { Candidate } from "./completion.js" */
/** @import { Choice } from "./switcher_options.js" */

const QUIET_MS = 180;
/** @type {Switcher | null} */
let open = null;

/** Open it with `text` in its field; close it where it is open. @param {string} text */
export function toggleSwitcher(text) {
  if (open) {
    open.close();
  } else {
    open = new Switcher(text);
  }
}

class Switcher {
  #parts = makeDialog();
  /** @type {Choice[]} */
  #choices = [];
  /** The option of each, in their order. @type {HTMLAnchorElement[]} */
  #options = [];
  #active = 0;
  #asking = new AbortController();
  #timer = 0;

  /** @param {string} text */
  constructor(text) {
    const { dialog, field, list } = this.#parts;
    field.value = text;
    field.addEventListener("input", () => this.#look());
    dialog.addEventListener("keydown", (event) => this.#pressed(event));
    dialog.addEventListener("click", (event) => event.target === dialog && this.close()); // beside it
    dialog.addEventListener("close", () => this.#closed());
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("pointermove", (event) => {
      const option = closest(event, "[role=option]");
      const place = this.#options.findIndex((one) => one === option);
      if (place >= 0 && place !== this.#active) {
        this.#activate(place);
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    field.select();
    this.#look();
  }

  close() {
    this.#parts.dialog.close();
  }

  #closed() {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#parts.dialog.remove();
    open = null;
  }

  get #typed() {
    return this.#parts.field.value;
  }

  /** What the page knows comes at once; the services are asked when nobody has typed for a moment. */
  #look() {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#asking = new AbortController();
    const asked = askedFor(this.#typed);
    this.#active = 0;
    if (asked.sign === ">") {
      this.#show(commands(asked.text));
      return;
    }
    const values = this.#values();
    const isAsking = asked.text !== "" && !(values.length && hasFewValues(this.#token));
    this.#show([...values, ...listed(asked)], { isWaiting: isAsking });
    if (isAsking) {
      this.#timer = setTimeout(() => this.#ask(asked, this.#asking.signal), QUIET_MS);
    }
  }

  /** @param {import("./switcher_query.js").Asked} asked @param {AbortSignal} signal */
  async #ask(asked, signal) {
    try {
      const token = this.#token;
      const asking = token ? foundValues(token) : [];
      const [{ choices, problem }, found] = await Promise.all([searched(asked, signal), asking]);
      signal.throwIfAborted();
      this.#show([...this.#values(found), ...listed(asked), ...choices], { problem });
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  /** The operator that is being written. */
  get #token() {
    return operatorAt(this.#typed, this.#parts.field.selectionStart ?? 0);
  }

  /** What may follow it. @param {Candidate[]} [found] */
  #values(found = []) {
    const token = this.#token;
    return token ? operatorChoices(this.#typed, token, found, (text, place) => this.#put(text, place)) : [];
  }

  /** @param {string} text @param {number} place */
  #put(text, place) {
    const { field } = this.#parts;
    field.value = text;
    field.setSelectionRange(place, place);
    field.focus();
    this.#look();
  }

  /** @param {Choice[]} choices @param {{isWaiting?: boolean, problem?: string}} [state] */
  #show(choices, { isWaiting = false, problem = "" } = {}) {
    const before = this.#choices[this.#active]?.href;
    const { list, status } = this.#parts;
    const found = unique(choices);
    this.#choices = [...found, ...this.#everywhere()];
    this.#options = this.#choices.map(optionOf);
    this.#options.forEach((option, place) => (option.id = `switcher-${place}`));
    list.replaceChildren(...this.#groups());
    list.ariaBusy = String(isWaiting);
    this.#activate(Math.max(0, this.#active ? this.#choices.findIndex(({ href }) => href === before) : 0));
    const count = this.#typed.trim() ? t("Found: %(count)s", { count: found.length }) : "";
    status.textContent = problem || (isWaiting ? t("Searching…") : count);
    status.classList.toggle("error", problem !== "");
  }

  /** The last choice leads to the page of search. @returns {Choice[]} */
  #everywhere() {
    const { sign, text } = askedFor(this.#typed);
    if (!text || sign === ">") {
      return [];
    }
    const key = document.createElement("kbd");
    key.textContent = t("Ctrl ↵");
    return [
      plainChoice({
        group: "hits",
        href: searchPath(this.#typed),
        icon: "search",
        text: t("Search everywhere for “%(query)s”", { query: text }),
        says: t("also from: in: has: before: after:"),
        end: key,
      }),
    ];
  }

  #groups() {
    const operators = t("Narrow it down");
    const names = { operators, names: t("People and rooms"), hits: t("Messages"), commands: t("Commands") };
    return Object.entries(names).flatMap(([group, name]) => {
      const options = this.#options.filter((_, place) => this.#choices[place].group === group);
      return options.length ? [groupOf(group, name, options)] : [];
    });
  }

  /** @param {number} place */
  #activate(place) {
    this.#active = place;
    this.#options.forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
    const active = this.#options[place];
    const { field } = this.#parts;
    field.ariaExpanded = String(this.#options.length > 0);
    if (active) {
      field.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const count = this.#options.length;
    if (event.isComposing) {
      return;
    }
    if (step && count) {
      event.preventDefault();
      this.#activate((this.#active + step + count) % count);
    } else if (event.key === "Enter" && event.target === this.#parts.field) {
      event.preventDefault();
      this.#entered(event.ctrlKey || event.metaKey);
    }
  }

  /** @param {boolean} isEverywhere */
  #entered(isEverywhere) {
    const { sign, text } = askedFor(this.#typed);
    if (isEverywhere && text && sign !== ">") {
      location.assign(searchPath(this.#typed));
    } else {
      this.#options[this.#active]?.click();
    }
  }

  /** Links lead by themselves, in this tab or another. @param {MouseEvent} event */
  #clicked(event) {
    const place = this.#options.findIndex((one) => one === closest(event, "[role=option]"));
    const { act, stays } = this.#choices[place] ?? {};
    if (act) {
      event.preventDefault();
      act();
    }
    if (place >= 0 && !stays && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      this.close();
    }
  }
}

/** Each once: whom one knows is found, too. @param {Choice[]} choices */
function unique(choices) {
  return choices.filter((one, place) => choices.findIndex((other) => other.href === one.href) === place);
}

/** @param {string} group @param {string} name @param {HTMLElement[]} options */
function groupOf(group, name, options) {
  const made = document.createElement("div");
  made.setAttribute("role", "group");
  const heading = span("heading", name);
  heading.id = `switcher-of-${group}`;
  made.setAttribute("aria-labelledby", heading.id);
  heading.setAttribute("role", "presentation");
  made.append(heading, ...options);
  return made;
}
