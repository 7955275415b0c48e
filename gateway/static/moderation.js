/** Moderation, as the page knows it: who is what in the room, on whom the reader may act, whom they have blocked. */

import { optional } from "./dom.js";

/**
 * As the page says it; of a chat there is only `blocked`.
 * @typedef {object} Known
 * @property {string[]} blocked
 * @property {number} [last_seq] up to which place in the log this is known
 * @property {boolean} [moderates]
 * @property {Api.RoomRole[]} [removes_messages_of]
 * @property {Record<string, Api.RoomRole>} [roles]
 * @property {number} [slow_mode_s]
 * @property {string | null} [timed_out_until]
 */

let known = read(document);
let roles = new Map(Object.entries(known.roles ?? {}));
const blocked = new Set(known.blocked);

/** @param {Document} page @returns {Known} */
function read(page) {
  const element = optional(page, "#moderation", HTMLScriptElement);
  return { blocked: [], ...JSON.parse(element?.textContent || "{}") };
}

/** What a fresh page of this conversation says. @param {Document} page */
export function learnModeration(page) {
  known = read(page);
  roles = new Map(Object.entries(known.roles ?? {}));
  learnBlocked(known.blocked);
}

/** @param {string[]} usernames all of them */
export function learnBlocked(usernames) {
  blocked.clear();
  usernames.forEach((username) => blocked.add(username));
}

/** @param {string} username @param {boolean} isOne */
export function setBlocked(username, isOne) {
  blocked[isOne ? "add" : "delete"](username);
}

/** @param {string} username @param {Api.RoomRole} role */
export function setRole(username, role) {
  roles.set(username, role);
}

/**
 * Whether the page was made before that happened: a connection begins with what is known already.
 * @param {Api.Change} event
 */
export function isNews(event) {
  return event.seq > (known.last_seq ?? 0);
}

/** Whether the reader keeps order in this room. */
export function moderates() {
  return known.moderates ?? false;
}

/** The reader's limits in this room as the page was made. */
export function ownLimits() {
  const { slow_mode_s = 0, timed_out_until = null } = known;
  return { slow_mode_s, timed_out_until };
}

/** Whether the reader may remove what they said in this room. @param {string} username */
export function mayRemove(username) {
  return known.removes_messages_of?.includes(roles.get(username) ?? "member") ?? false;
}

/** @param {string} username */
export function isBlocked(username) {
  return blocked.has(username);
}
