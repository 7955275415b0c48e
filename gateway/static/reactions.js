/** Reactions below a message: each emoji once, with who chose it. */

import { all, optional, required } from "./dom.js";
import { introduced, me } from "./people.js";

/**
 * Somebody reacted, or took it back; to be told twice changes nothing.
 * @param {HTMLElement} article
 * @param {Api.Reaction} reaction
 */
export function showReaction(article, { emoji, username, removed }) {
  const place = required(article, ".reactions");
  const button = findReaction(article, emoji) ?? place.appendChild(newReaction(emoji));
  const users = new Set((button.dataset.users ?? "").split(" ").filter(Boolean));
  users[removed ? "delete" : "add"](username);
  if (users.size === 0) {
    removeReaction(article, button);
    return;
  }
  button.dataset.users = [...users].join(" ");
  button.title = [...users].map(introduced).join(", ");
  button.setAttribute("aria-pressed", String(users.has(me)));
  button.name = users.has(me) ? "remove" : "emoji";
  required(button, "span").textContent = String(users.size);
  place.hidden = false;
}

/** Whether the reader is among those who chose it. @param {HTMLElement} article @param {string} emoji */
export function hasReacted(article, emoji) {
  return findReaction(article, emoji)?.getAttribute("aria-pressed") === "true";
}

/** @param {HTMLElement} article @param {string} emoji */
function findReaction(article, emoji) {
  return all(article, ".reactions [data-emoji]", HTMLButtonElement).find((one) => one.dataset.emoji === emoji);
}

/** The focus goes to its neighbour, if it was here. @param {HTMLElement} article @param {HTMLElement} button */
function removeReaction(article, button) {
  const next = button.nextElementSibling ?? button.previousElementSibling;
  if (button === document.activeElement) {
    const heir = next instanceof HTMLElement ? next : optional(article, '[data-action="react"]');
    heir?.focus();
  }
  button.remove();
}

/** @param {string} emoji */
function newReaction(emoji) {
  const made = document.createElement("button");
  made.type = "button";
  made.value = emoji;
  made.dataset.emoji = emoji;
  made.append(`${emoji} `, document.createElement("span"));
  return made;
}
