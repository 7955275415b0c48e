/** What there is to do with a message, for the menu and the sheet; what each does is in message_actions.js. */

import { t } from "./i18n.js";
import { isOwnArticle, senderOf, textOf } from "./message_view.js";
import { mayRemove } from "./moderation.js";
import { isPinned, mayPin } from "./pinned_messages.js";

/** @typedef {{action: string, label: string, endangers?: boolean}} Choice */

/**
 * In groups: what is harmless, and what is not.
 * @param {HTMLElement} article
 * @param {Api.Label} conversation
 * @returns {Choice[][]}
 */
export function choicesFor(article, conversation) {
  const isOwn = isOwnArticle(article);
  const pinned = isPinned(article.dataset.id);
  /** @type {(Choice | false)[][]} */
  const groups = [
    [
      { action: "reply", label: t("Reply") },
      isOwn && { action: "edit", label: t("Edit") },
      textOf(article) !== "" && { action: "copy-text", label: t("Copy the text") },
      { action: "copy-link", label: t("Copy a link to it") },
      mayPin(conversation) && {
        action: pinned ? "unpin" : "pin",
        label: pinned ? t("Unpin") : t("Pin for everybody"),
      },
      { action: "replies", label: t("Replies to it") },
      !isOwn && { action: "unread", label: t("Mark as unread from here") },
    ],
    [
      (isOwn || mayRemove(senderOf(article))) && { action: "delete", label: t("Delete"), endangers: true },
      !isOwn && { action: "report", label: t("Report to the moderators"), endangers: true },
    ],
  ];
  return groups.map((group) => group.filter((one) => one !== false)).filter((group) => group.length > 0);
}

/**
 * Lists of buttons.
 * @param {Choice[][]} groups
 * @param {(action: string) => void} onChoose
 */
export function choiceLists(groups, onChoose) {
  return groups.map((group) => {
    const list = document.createElement("ul");
    list.className = "message-choices";
    list.append(...group.map((choice) => choiceRow(choice, onChoose)));
    return list;
  });
}

/** @param {Choice} choice @param {(action: string) => void} onChoose */
function choiceRow({ action, label, endangers = false }, onChoose) {
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.action = action;
  button.textContent = label;
  button.classList.toggle("danger", endangers);
  button.addEventListener("click", () => onChoose(action));
  row.append(button);
  return row;
}
