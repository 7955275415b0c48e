/** The menu of a message, beside the button that opens it. */

import { all } from "./dom.js";
import { closeFloating, openFloating } from "./floating.js";
import { t } from "./i18n.js";
import { choiceLists, choicesFor } from "./message_choices.js";

/**
 * Or close it, where it is open.
 * @param {HTMLElement} opener
 * @param {HTMLElement} article
 * @param {Api.Label} conversation
 * @param {(action: string) => void} onChoose
 */
export function toggleMenu(opener, article, conversation, onChoose) {
  if (closeFloating(opener)) {
    return;
  }
  const menu = document.createElement("div");
  menu.className = "message-menu";
  menu.setAttribute("role", "menu");
  menu.ariaLabel = t("What to do with this message");
  menu.append(
    ...choiceLists(choicesFor(article, conversation), (action) => {
      close();
      onChoose(action);
    }),
  );
  for (const list of all(menu, "ul, li")) {
    list.setAttribute("role", list.tagName === "UL" ? "group" : "none");
  }
  const items = all(menu, "button");
  for (const item of items) {
    item.setAttribute("role", "menuitem");
    item.tabIndex = -1;
  }
  menu.addEventListener("keydown", (event) => rove(items, event, close));
  const close = openFloating(menu, opener);
  items[0].focus();
}

/** @param {HTMLElement[]} items @param {KeyboardEvent} event @param {() => void} close */
function rove(items, event, close) {
  const here = items.findIndex((item) => item === document.activeElement);
  /** @type {Record<string, number>} */
  const places = { ArrowDown: here + 1, ArrowUp: here - 1 + items.length, Home: 0, End: items.length - 1 };
  if (event.key in places) {
    event.preventDefault();
    items[places[event.key] % items.length].focus();
  } else if (event.key === "Tab") {
    event.preventDefault();
    close();
  } else if (event.key.length === 1 && event.key !== " ") {
    const isNext = (/** @type {HTMLElement} */ item) =>
      item.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase());
    [...items.slice(here + 1), ...items.slice(0, here + 1)].find(isNext)?.focus();
  }
}
