/** Reactions below a message: each emoji once, in the order in which they came, with who chose it. */

import { messagesPathOf } from "./conversation_label.js";
import { all, optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { introduced, me } from "./people.js";

/**
 * Somebody reacted, or took it back; to be told twice changes nothing.
 * @param {HTMLElement} article
 * @param {Api.Reaction & {conversation?: Api.Label}} reaction
 */
export function showReaction(article, { emoji, username, removed, conversation }) {
  const place = required(article, ".reactions");
  const known = findReaction(article, emoji);
  const users = new Set(usersOf(known));
  const wasFirst = users.values().next().value === username;
  users[removed ? "delete" : "add"](username);
  if (users.size === 0) {
    known && removeReaction(article, known);
    return;
  }
  const button = known ?? newReaction(place, emoji);
  button.dataset.users = [...users].join(" ");
  button.setAttribute("aria-pressed", String(users.has(me)));
  button.name = users.has(me) ? "remove" : "emoji";
  required(button, "span").textContent = String(users.size);
  nameReaction(button);
  place.hidden = false;
  if (removed && wasFirst && conversation) {
    reorder(article, conversation); // others may have chosen another before they chose this one
  }
}

/** Those of the server have only usernames. @param {HTMLElement} article */
export function nameReactions(article) {
  for (const button of reactionsIn(article)) {
    nameReaction(button);
  }
}

/** @param {HTMLElement} article */
export function reactionsOf(article) {
  return reactionsIn(article).map((one) => ({ emoji: one.dataset.emoji ?? "", usernames: usersOf(one) }));
}

/** Whether the reader is among those who chose it. @param {HTMLElement} article @param {string} emoji */
export function hasReacted(article, emoji) {
  return findReaction(article, emoji)?.getAttribute("aria-pressed") === "true";
}

/** @param {HTMLElement} article */
function reactionsIn(article) {
  return all(article, ".reactions [data-emoji]", HTMLButtonElement);
}

/** @param {HTMLElement} article @param {string} emoji */
function findReaction(article, emoji) {
  return reactionsIn(article).find((one) => one.dataset.emoji === emoji);
}

/** @param {HTMLElement | undefined} button */
function usersOf(button) {
  return (button?.dataset.users ?? "").split(" ").filter(Boolean);
}

/** Who chose it, to be seen and to be heard. @param {HTMLButtonElement} button */
function nameReaction(button) {
  button.title = usersOf(button).map(introduced).join(", ");
  button.ariaLabel = `${button.dataset.emoji}: ${button.title}`;
}

/** The focus goes to its neighbour, if it was here. @param {HTMLElement} article @param {HTMLElement} button */
function removeReaction(article, button) {
  const next = button.nextElementSibling ?? button.previousElementSibling;
  if (button === document.activeElement) {
    const heir = next instanceof HTMLElement ? next : optional(article, '[data-action="react"]');
    heir?.focus();
  }
  button.remove();
  if (reactionsIn(article).length === 0) {
    required(article, ".reactions").hidden = true;
  }
}

/** @param {HTMLElement} place @param {string} emoji */
function newReaction(place, emoji) {
  const made = document.createElement("button");
  made.type = "button";
  made.value = emoji;
  made.dataset.emoji = emoji;
  made.append(`${emoji} `, document.createElement("span"));
  const add = optional(place, ".add") ?? place.appendChild(addButton());
  add.before(made);
  return made;
}

/** As the server has it. */
function addButton() {
  const made = document.createElement("a");
  made.className = "add";
  made.dataset.action = "react";
  made.href = "#";
  made.setAttribute("role", "button");
  made.title = made.ariaLabel = t("Add a reaction");
  return made;
}

/** As the history has them. @param {HTMLElement} article @param {Api.Label} conversation */
async function reorder(article, conversation) {
  const query = new URLSearchParams({ before: String(Number(article.dataset.id) + 1), limit: "1" });
  const answer = await fetch(`${messagesPathOf(conversation)}?${query}`, { cache: "no-store" }).catch(() => null);
  const [message] = answer?.ok ? await answer.json() : [];
  const end = optional(article, ".reactions .add");
  for (const emoji of Object.keys(message?.reactions ?? {})) {
    const button = findReaction(article, emoji);
    button && end?.before(button);
  }
}
