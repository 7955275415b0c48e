/** Changes of messages: over HTTP, whose answer says what became of each. What changed comes by the socket. */

import { messagesPathOf } from "./conversation_label.js";
import { t, why } from "./i18n.js";

/**
 * Edit a message, delete it, react to it: why it could not be done, or an empty text.
 * @param {Api.Label} conversation
 * @param {string | number | undefined} id
 * @param {"PATCH" | "DELETE" | "PUT"} method
 * @param {{below?: string, body?: object}} [what] `below` the message's own path
 */
export async function changeMessage(conversation, id, method, { below = "", body } = {}) {
  return await tryTo(method, `${messagesPathOf(conversation)}/${id}${below}`, body);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<string>}
 */
export async function tryTo(method, path, body) {
  /** @type {RequestInit} */
  const request = { method };
  if (body) {
    request.body = JSON.stringify(body);
    request.headers = { "Content-Type": "application/json" };
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    return t("You are offline. Try again in a moment.");
  }
  return answer.ok ? "" : await reasonOf(answer);
}

/** @param {Response} answer of a refusal (RFC 9457) */
async function reasonOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  return why(problem) ?? t("That did not work.");
}
