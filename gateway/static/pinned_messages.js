/** Pinned messages: which they are, and how each shows it in the log. */

import { isRoom } from "./conversation_label.js";
import { optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { moderates } from "./moderation.js";

const ids = new Set((optional(document, "main")?.dataset.pinned ?? "").split(" ").filter(Boolean));

/** @param {string | number | undefined} id */
export function isPinned(id) {
  return ids.has(String(id));
}

/** In rooms for who keeps order there, in chats for both. @param {Api.Label} conversation */
export function mayPin(conversation) {
  return !isRoom(conversation) || moderates();
}

/** @param {Iterable<number>} all of them */
export function learnPinned(all) {
  ids.clear();
  for (const id of all) {
    ids.add(String(id));
  }
}

/** @param {number} id @param {boolean} pinned */
export function setPinned(id, pinned) {
  ids[pinned ? "add" : "delete"](String(id));
}

/** What it does next. @param {HTMLElement} tool @param {boolean} pinned */
export function namePinTool(tool, pinned) {
  tool.dataset.action = pinned ? "unpin" : "pin";
  tool.title = tool.ariaLabel = pinned ? t("Unpin") : t("Pin for everybody");
}

/** @param {HTMLElement} article */
export function showPinned(article) {
  const pinned = isPinned(article.dataset.id) && !("deleted" in article.dataset);
  article.toggleAttribute("data-pinned", pinned);
  const tool = optional(article, '.tools > [data-action$="pin"]');
  if (tool) {
    namePinTool(tool, pinned);
  }
  const mark = optional(article, ":scope > .pinned");
  if (!pinned) {
    mark?.remove();
  } else if (!mark) {
    const made = document.createElement("span");
    made.className = "pinned";
    made.dataset.icon = "pin";
    made.textContent = t("Pinned");
    required(article, ":scope > .edited").after(made);
  }
}
