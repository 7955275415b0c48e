/** What a picker of emoji shows: a field to search by name, the sections, and below it all of them. */

import { all, closest } from "./dom.js";
import { findEmoji } from "./emoji_search.js";
import { t } from "./i18n.js";
import { recentEmoji } from "./recent_emoji.js";

/** @import { Named } from "./emoji_names.js" */

const FOUND_MAX = 90;
const RECENT = "recent";
/** What stands for each section. @type {Record<string, string>} */
const SIGNS = {
  [RECENT]: "🕘",
  smileys: "😀",
  people: "👋",
  nature: "🐻",
  food: "🍎",
  travel: "🚗",
  activities: "⚽",
  objects: "💡",
  symbols: "❤️",
  flags: "🏁",
};

/** @returns {Record<string, string>} */
function titles() {
  return {
    [RECENT]: t("Recent"),
    smileys: t("Smileys"),
    people: t("People"),
    nature: t("Animals and nature"),
    food: t("Food and drink"),
    travel: t("Travel and places"),
    activities: t("Activities"),
    objects: t("Objects"),
    symbols: t("Symbols"),
    flags: t("Flags"),
  };
}

export class EmojiGrid {
  element = document.createElement("div");
  #emoji;
  #search = document.createElement("input");
  #sections = document.createElement("div");
  #status = document.createElement("p");
  #shortcuts = document.createElement("div");

  /** @param {Named[]} emoji @param {(emoji: string) => void} onPick */
  constructor(emoji, onPick) {
    this.#emoji = emoji;
    this.element.className = "emoji-picker";
    this.#search.type = "search";
    this.#search.placeholder = this.#search.ariaLabel = t("Search emoji");
    this.#shortcuts.className = "shortcuts";
    this.#sections.className = "sections";
    this.#status.className = "hidden-text";
    this.#status.setAttribute("role", "status");
    this.element.append(this.#search, this.#shortcuts, this.#sections, this.#status);
    this.#showAll();
    this.#listen(onPick);
  }

  focus() {
    this.#search.focus();
  }

  /** @param {(emoji: string) => void} onPick */
  #listen(onPick) {
    this.#search.addEventListener("input", () => this.#find(this.#search.value));
    this.#sections.addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (button instanceof HTMLButtonElement) {
        onPick(button.value);
      }
    });
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  #showAll() {
    const names = titles();
    const byEmoji = new Map(this.#emoji.map((one) => [one.emoji, one]));
    const recent = recentEmoji().flatMap((emoji) => byEmoji.get(emoji) ?? []);
    const groups = Object.keys(SIGNS).map((section) => ({
      section,
      found: section === RECENT ? recent : this.#emoji.filter((one) => one.section === section),
    }));
    const shown = groups.filter(({ found }) => found.length > 0);
    const parts = shown.map(({ section, found }) => makeSection(names[section], found));
    this.#shortcuts.replaceChildren(
      ...shown.map(({ section }, index) => makeShortcut(SIGNS[section], names[section], parts[index])),
    );
    this.#shortcuts.hidden = false;
    this.#showSections(parts);
  }

  /** @param {string} query */
  #find(query) {
    if (!query.trim()) {
      this.#status.textContent = "";
      this.#showAll();
      return;
    }
    const found = findEmoji(this.#emoji, query).slice(0, FOUND_MAX);
    const said = found.length > 0 ? t("%(count)s found", { count: found.length }) : t("No emoji is called so.");
    this.#shortcuts.hidden = true;
    this.#showSections([makeSection(said, found)]);
    this.#status.textContent = said;
  }

  /** One stop for the tab key. @param {HTMLElement[]} sections */
  #showSections(sections) {
    this.#sections.replaceChildren(...sections);
    this.#sections.scrollTop = 0;
    const first = this.#sections.querySelector("button");
    if (first) {
      first.tabIndex = 0;
    }
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const isSearching = event.target === this.#search;
    if (event.isComposing || (isSearching && !["ArrowDown", "Enter"].includes(event.key))) {
      return;
    }
    const buttons = all(this.#sections, "button", HTMLButtonElement);
    if (isSearching) {
      event.preventDefault();
      event.key === "Enter" ? this.#search.value && buttons[0]?.click() : buttons[0]?.focus();
      return;
    }
    const here = buttons.findIndex((one) => one === document.activeElement);
    const next = here < 0 ? undefined : neighbour(buttons, here, event.key);
    if (next) {
      event.preventDefault();
      buttons[here].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (here >= 0 && event.key === "ArrowUp") {
      event.preventDefault();
      this.#search.focus();
    }
  }
}

/**
 * Rows are not all full: the next one up or down is that which stands nearest.
 * @param {HTMLButtonElement[]} buttons
 * @param {number} here
 * @param {string} key
 */
function neighbour(buttons, here, key) {
  const isMirrored = getComputedStyle(buttons[here]).direction === "rtl";
  /** @type {Record<string, number>} */
  const places = {
    [isMirrored ? "ArrowLeft" : "ArrowRight"]: here + 1,
    [isMirrored ? "ArrowRight" : "ArrowLeft"]: here - 1,
    Home: 0,
    End: buttons.length - 1,
  };
  if (key in places) {
    return buttons[places[key]];
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  return step ? inNextRow(buttons, here, step) : undefined;
}

/** @param {HTMLButtonElement[]} buttons @param {number} here @param {number} step */
function inNextRow(buttons, here, step) {
  const { offsetTop, offsetLeft } = buttons[here];
  let [found, row, distance] = [/** @type {HTMLButtonElement | undefined} */ (undefined), -1, Infinity];
  for (let at = here + step; buttons[at]; at += step) {
    const one = buttons[at];
    if (one.offsetTop === offsetTop) {
      continue;
    }
    row = row < 0 ? one.offsetTop : row;
    if (one.offsetTop !== row) {
      break;
    }
    const apart = Math.abs(one.offsetLeft - offsetLeft);
    [found, distance] = apart < distance ? [one, apart] : [found, distance];
  }
  return found;
}

/** @param {string} title @param {Named[]} emoji */
function makeSection(title, emoji) {
  const section = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const grid = document.createElement("div");
  grid.className = "grid";
  grid.append(...emoji.map(makeButton));
  section.append(heading, grid);
  section.ariaLabel = title;
  return section;
}

/** @param {Named} named */
function makeButton({ emoji, names }) {
  const button = document.createElement("button");
  button.type = "button";
  button.value = button.textContent = emoji;
  button.title = button.ariaLabel = names[0];
  button.tabIndex = -1;
  return button;
}

/** @param {string} sign @param {string} title @param {HTMLElement} section */
function makeShortcut(sign, title, section) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = sign;
  button.title = button.ariaLabel = title;
  button.addEventListener("click", () => section.scrollIntoView({ block: "start" }));
  return button;
}
