/** Marking a message, and all after it, as unread. */

import { ownPathOf } from "./conversation_label.js";
import { optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { tryTo } from "./message_changes.js";

/**
 * Why it could not be done, or an empty text.
 * @param {Api.Label} conversation
 * @param {HTMLElement} article
 */
export async function markUnread(conversation, article) {
  const reason = await tryTo("PUT", `${ownPathOf(conversation)}/unread`, { seq: Number(article.dataset.seq) });
  if (!reason) {
    optional(document, "#unread")?.remove();
    const divider = document.createElement("p");
    divider.className = "unread-divider";
    divider.id = "unread";
    divider.textContent = t("New");
    article.before(divider);
    required(document, "#announcement").textContent = t("Marked as unread.");
  }
  return reason;
}
