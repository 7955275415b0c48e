/** How much answers each message: a link below it, which opens that beside the messages. */

import { pagePathOf } from "./conversation_label.js";
import { optional, required } from "./dom.js";
import { t } from "./i18n.js";

/**
 * As the history tells it; what does not is left as it is.
 * @param {HTMLElement} article
 * @param {Pick<Api.Message, "conversation" | "id" | "replies_count" | "last_reply_id">} item
 */
export function showReplyCount(article, { conversation, id, replies_count: count = 0, last_reply_id: last }) {
  if (last === undefined) {
    return;
  }
  const path = `${pagePathOf(conversation)}/m/${id}/replies`;
  const link = optional(article, ":scope > .replies") ?? newLink(article, path);
  link.dataset.count = String(count);
  link.dataset.last = String(last);
  link.hidden = count === 0;
  link.textContent = count === 1 ? t("1 reply") : t("%(count)s replies", { count });
}

/** One more, unless what was shown counted it: then it is not beyond the last. @param {Api.Message} item */
export function countReply({ conversation, id, reply_to, deleted }) {
  const article = articleOf(reply_to);
  const { count = 0, last = 0 } = (article && optional(article, ":scope > .replies"))?.dataset ?? {};
  if (article && reply_to && id > Number(last)) {
    const replies_count = Number(count) + (deleted ? 0 : 1);
    showReplyCount(article, { conversation, id: reply_to, replies_count, last_reply_id: id });
  }
}

/**
 * What is not shown as deleted yet was counted. How many are left is asked for: who knows what else has gone.
 * @param {Api.Events["deleted"]} event before it is shown
 */
export async function uncountReply({ conversation, id, reply_to }) {
  const isKnown = articleOf(id)?.hasAttribute("data-deleted");
  if (reply_to && articleOf(reply_to) && !isKnown) {
    const loaded = await import("./reply_recount.js").catch(() => null);
    await loaded?.recountReplies(conversation, reply_to);
  }
}

/** @param {number | null | undefined} id */
function articleOf(id) {
  return id ? document.getElementById(`message-${id}`) : null;
}

/** As the page has it. It is no news. @param {HTMLElement} article @param {string} href */
function newLink(article, href) {
  const made = document.createElement("a");
  made.className = made.dataset.action = "replies";
  made.href = href;
  made.setAttribute("aria-live", "off");
  required(article, ".reactions").after(made);
  return made;
}
