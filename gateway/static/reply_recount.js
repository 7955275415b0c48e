/** Replies that were deleted: how many there still are is asked for, of one message after the other. */

import { fetchHistory } from "./history.js";
import { optional } from "./dom.js";
import { showReplyCount } from "./reply_counts.js";

const GATHERING_MS = 200; // who deletes one often deletes more

/** Messages that are asked for; true: once more, for something was deleted meanwhile. @type {Map<number, boolean>} */
const underway = new Map();

/** @param {Api.Label} conversation @param {number} id of the message that they answer */
export async function recountReplies(conversation, id) {
  if (underway.has(id)) {
    underway.set(id, true);
    return;
  }
  do {
    underway.set(id, false);
    await new Promise((resolve) => setTimeout(resolve, GATHERING_MS));
    underway.set(id, false);
    await recount(conversation, id);
  } while (underway.get(id));
  underway.delete(id);
}

/** @param {Api.Label} conversation @param {number} id */
async function recount(conversation, id) {
  const part = await fetchHistory(conversation, { before: String(id + 1) }, 1).catch(() => null);
  const item = part?.items.find((one) => one.id === id);
  const article = document.getElementById(`message-${id}`);
  const last = Number((article && optional(article, ":scope > .replies"))?.dataset.last ?? 0);
  if (article && item?.last_reply_id !== undefined) {
    // A reply may have come by the socket while an answer was under way that does not count it.
    item.last_reply_id < last ? underway.set(id, true) : showReplyCount(article, item);
  }
}
