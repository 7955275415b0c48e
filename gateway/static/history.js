/** The history of one conversation over HTTP. */

import { messagesPathOf, pagePathOf } from "./conversation_label.js";

export const PAGE_LENGTH = 50;

/**
 * The page of the conversation as it is now, for what stands around the log. Rejects where it is not to be had.
 * @param {Api.Label} conversation
 * @returns {Promise<Document>}
 */
export async function fetchPage(conversation) {
  const answer = await fetch(pagePathOf(conversation), { cache: "no-store" });
  if (!answer.ok) {
    throw new Error(`The page was refused: ${answer.status}`);
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/**
 * Oldest first; `before` is the id of a message, null the end. Rejects where there is no answer, or a refusal.
 * @param {Api.Label} conversation
 * @param {string | null} before
 * @param {number} limit
 * @returns {Promise<Api.Message[]>}
 */
export async function fetchHistory(conversation, before = null, limit = PAGE_LENGTH) {
  const query = new URLSearchParams({ limit: String(limit), ...(before === null ? {} : { before }) });
  const answer = await fetch(`${messagesPathOf(conversation)}?${query}`, { cache: "no-store" });
  if (!answer.ok) {
    throw new Error(`The history was refused: ${answer.status}`);
  }
  return answer.json();
}
