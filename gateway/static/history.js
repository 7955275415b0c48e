/** The history of one conversation over HTTP. */

import { messagesPathOf, pagePathOf } from "./conversation_label.js";
import { fetchInBackground } from "./page_fetching.js";

const PAGE_LENGTH = 50;

/** @typedef {{before?: string, after?: string, around?: string}} Place ids of messages; none is the end */
/** @typedef {{items: Api.Message[], before: string | null, after: string | null}} Part null: nothing is there */

/**
 * The page of the conversation as it is now, for what stands around the log. Rejects where it is not to be had.
 * @param {Api.Label} conversation
 * @returns {Promise<Document>}
 */
export async function fetchPage(conversation) {
  const { ok, status, page } = await fetchInBackground(pagePathOf(conversation));
  if (!ok) {
    throw new Error(`The page was refused: ${status}`);
  }
  return page;
}

/**
 * Oldest first, and between which messages it stands. Rejects where there is no answer, or a refusal.
 * @param {Api.Label} conversation
 * @param {Place} place
 * @returns {Promise<Part>}
 */
export async function fetchHistory(conversation, place = {}, limit = PAGE_LENGTH) {
  const query = new URLSearchParams({ limit: String(limit), ...place });
  const answer = await fetch(`${messagesPathOf(conversation)}?${query}`, { cache: "no-store" });
  if (!answer.ok) {
    throw new Error(`The history was refused: ${answer.status}`);
  }
  const items = await answer.json();
  return { items, ...endsOf(items, place, limit) };
}

/**
 * As much as was asked for may not be all that there is.
 * @param {Api.Message[]} items
 * @param {Place} place
 * @param {number} limit
 */
function endsOf(items, { before, after, around }, limit) {
  const olderMax = Math.floor(limit / 2);
  const olderCount = items.filter(({ id }) => id < Number(around)).length;
  const hasOlder = around ? olderCount >= olderMax : after ? Number(after) > 0 : items.length >= limit;
  const hasNewer = around
    ? items.length - olderCount >= limit - olderMax
    : Boolean(before) || (Boolean(after) && items.length >= limit);
  return {
    before: (hasOlder && items[0] && String(items[0].id)) || null,
    after: (hasNewer && items.length > 0 && String(items[items.length - 1].id)) || null,
  };
}
