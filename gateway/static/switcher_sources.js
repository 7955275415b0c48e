/** What the switcher finds: in the page's list at once; of people, rooms and messages what the services know. */

import { nameIn } from "./conversation_label.js";
import { all, optional } from "./dom.js";
import { t, why } from "./i18n.js";
import { meet } from "./learned_profiles.js";
import { placeIn } from "./marks.js";
import { pause } from "./pause.js";
import { me, nameOf } from "./people.js";
import { hitChoice, listedChoice, personChoice, roomChoice } from "./switcher_options.js";
import { wants } from "./switcher_query.js";

/** @import { Asked } from "./switcher_query.js" */
/** @import { Choice } from "./switcher_options.js" */

const LISTED_MAX = 8;
const FOUND_MAX = 6;
const HITS_MAX = 5;
const TRIES_MAX = 4;

/**
 * Conversations of the page's list: those whose name begins so first, then by what was said last.
 * @param {Asked} asked
 * @returns {Choice[]}
 */
export function listed(asked) {
  const { sign, text, part } = asked;
  if (sign === ">" || (text && !part)) {
    return [];
  }
  const items = all(document, "#conversations [data-conversation]").filter(
    ({ dataset }) => !sign || dataset.conversation?.startsWith(sign),
  );
  const ranked = items.map((item) => ({ item, rank: part ? rankOf(item, part) : 0 }));
  return ranked
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank || timeOf(other.item) - timeOf(one.item))
    .slice(0, LISTED_MAX)
    .map(({ item }) => listedChoice(item, part));
}

/** When something was said there last. @param {HTMLElement} item */
function timeOf(item) {
  return Date.parse(optional(item, "time", HTMLTimeElement)?.dateTime ?? "") || 0;
}

/**
 * 0: begins so, 1: a word of it does, 2: has it somewhere, -1: has it not.
 * @param {HTMLElement} item
 * @param {string} part
 */
function rankOf(item, part) {
  const label = item.dataset.conversation ?? "";
  const name = nameIn(label);
  const names = label.startsWith("@") ? [name, nameOf(name)] : [name];
  const ranks = names.map((one) => rankIn(one, part)).filter((rank) => rank >= 0);
  return ranks.length ? Math.min(...ranks) : -1;
}

/** @param {string} name @param {string} part */
function rankIn(name, part) {
  const at = placeIn(name.normalize("NFC"), part);
  if (at <= 0) {
    return at;
  }
  return /[\p{L}\p{N}]/u.test(name[at - 1]) ? 2 : 1;
}

/**
 * What the services know, and why they would not say; rejects where the signal says that nobody waits any more.
 * @param {Asked} asked
 * @param {AbortSignal} signal
 * @returns {Promise<{choices: Choice[], problem: string}>}
 */
export async function searched(asked, signal) {
  const { sign, text, part } = asked;
  const [people, rooms, hits] = await Promise.all([
    part && wants(asked, "@") ? ask("/api/people", { query: part, limit: FOUND_MAX }, signal) : NOTHING,
    part && wants(asked, "#") ? ask("/api/rooms", { query: part, limit: FOUND_MAX }, signal) : NOTHING,
    text && !sign ? ask("/api/search-messages", { query: text, limit: HITS_MAX }, signal) : NOTHING,
  ]);
  await meetSenders(hits.found, signal);
  const strangers = people.found.filter((/** @type {Api.FoundPerson} */ { username }) => username !== me);
  return {
    choices: [
      ...strangers.map((/** @type {Api.FoundPerson} */ person) => personChoice(person, part)),
      ...rooms.found.map((/** @type {Api.FoundRoom} */ room) => roomChoice(room, part)),
      ...hits.found.map(hitChoice),
    ],
    problem: people.problem || rooms.problem || hits.problem,
  };
}

/** So that they have names and faces. @param {Api.SearchHit[]} hits @param {AbortSignal} signal */
async function meetSenders(hits, signal) {
  const unknown = hits.map((hit) => hit.sender_username).filter((who) => who !== me && nameOf(who) === who);
  if (unknown.length) {
    const usernames = [...new Set(unknown)].join(",");
    const answer = await fetch(`/api/profiles?${new URLSearchParams({ usernames })}`, { signal }).catch(() => null);
    signal.throwIfAborted();
    (answer?.ok ? await answer.json() : []).forEach(meet);
  }
}

/** @typedef {{found: any[], problem: string}} Answer */
/** @type {Answer} */
const NOTHING = { found: [], problem: "" };

/**
 * Whoever asks for too much at once is told when to come again, and does.
 * @param {string} path
 * @param {{query: string, limit: number}} query
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function ask(path, { query, limit }, signal) {
  const url = `${path}?${new URLSearchParams({ query, limit: String(limit) })}`;
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(url, { signal }).catch(() => null);
    signal.throwIfAborted();
    if (answer?.status === 429 && tries < TRIES_MAX) {
      await pause(1000 * Number(answer.headers.get("retry-after") || 1), signal);
    } else if (answer?.ok) {
      return { found: await answer.json(), problem: "" };
    } else {
      return { found: [], problem: await problemOf(answer) };
    }
  }
}

/** @param {Response | null} answer */
async function problemOf(answer) {
  const refusal = await answer?.json().catch(() => null);
  return (refusal && why(refusal)) || t("You are offline. Try again in a moment.");
}
