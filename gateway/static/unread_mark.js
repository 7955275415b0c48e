/** Marking a message, and all after it, as unread. */

import { ownPathOf } from "./conversation_label.js";
import { required } from "./dom.js";
import { t } from "./i18n.js";
import { tryTo } from "./message_changes.js";
import { beginUnread } from "./timeline.js";

/**
 * Why it could not be done, or an empty text.
 * @param {Api.Label} conversation
 * @param {HTMLElement} article
 */
export async function markUnread(conversation, article) {
  const reason = await tryTo("PUT", `${ownPathOf(conversation)}/unread`, { seq: Number(article.dataset.seq) });
  if (!reason) {
    beginUnread(article);
    required(document, "#announcement").textContent = t("Marked as unread.");
  }
  return reason;
}
