/** The headings of the list: those that the reader has closed stay so, and say that there is something new below. */

import { showCount } from "./badges.js";
import { all, optional } from "./dom.js";
import { me } from "./people.js";

const KEY = `parley.closed-sections.${me}`;

/** @param {HTMLElement} list */
export function wireSectionFolding(list) {
  foldSections(list);
  list.addEventListener(
    "toggle", // which does not bubble
    ({ target }) => {
      if (target instanceof HTMLDetailsElement && target.dataset.section !== undefined) {
        remember(target.dataset.section, !target.open);
      }
    },
    true,
  );
}

/** Close those that were closed before. @param {ParentNode} list */
export function foldSections(list) {
  const closed = closedOnes();
  for (const section of all(list, "[data-section]", HTMLDetailsElement)) {
    section.open = !closed.has(section.dataset.section ?? "");
  }
}

/** What the heading of each says of those below it. @param {ParentNode} list */
export function countSections(list) {
  for (const section of all(list, "[data-section]")) {
    const items = all(section, "[data-conversation]");
    const mentions = items.reduce((sum, { dataset }) => sum + Number(dataset.mentions || 0), 0);
    showCount(optional(section, "summary .mentions"), mentions);
    section.toggleAttribute(
      "data-news",
      items.some(({ dataset }) => Number(dataset.unread || 0) > 0 && !("muted" in dataset)),
    );
    section.hidden = items.length === 0;
  }
}

/** How what has the focus is found when the list is replaced. @param {ParentNode} list @returns {string | null} */
export function focusedIn(list) {
  const { activeElement } = document;
  const there = activeElement?.closest("[data-conversation], [data-section]");
  if (!(there instanceof HTMLElement) || !list.contains(there)) {
    return null;
  }
  const { conversation, section = "" } = there.dataset;
  return conversation
    ? `[data-conversation="${CSS.escape(conversation)}"] > a`
    : `[data-section="${CSS.escape(section)}"] > summary`;
}

/** @param {string} section @param {boolean} isClosed */
function remember(section, isClosed) {
  const closed = closedOnes();
  closed[isClosed ? "add" : "delete"](section);
  try {
    localStorage.setItem(KEY, JSON.stringify([...closed]));
  } catch {
    // it is full, or not to be had: the section opens again with the next page
  }
}

/** @returns {Set<string>} */
function closedOnes() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Set();
  }
}
