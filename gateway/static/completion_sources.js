/** What a name in the composer may mean: who is here, whom one knows, everybody; rooms; emoji. */

import { isRoom, nameIn } from "./conversation_label.js";
import { all } from "./dom.js";
import { t } from "./i18n.js";
import { me, nameOf } from "./people.js";

/** @import { Candidate, Token } from "./completion.js" */

const CACHED_MAX = 200;

export class CompletionSources {
  #conversation;
  /** Usernames of the room, once they are known. @type {string[]} */
  #members = [];
  /** @type {Candidate[]} */
  #emoji = [];
  /** @type {Promise<void> | null} */
  #asking = null;
  /** @type {Map<string, Promise<Candidate[]>>} */
  #found = new Map();

  /** @param {Api.Label} conversation */
  constructor(conversation) {
    this.#conversation = conversation;
  }

  /** What the page knows. @param {Token} token @returns {Candidate[]} */
  known({ sign }) {
    if (sign === ":") {
      return this.#emoji;
    }
    return sign === "#" ? listed("#").map(roomOf) : [...this.#all(), ...this.#people()];
  }

  /** What the services know besides; nothing where they cannot be asked. @param {Token} token */
  async more({ sign, query }) {
    if (sign === ":") {
      return this.#emoji.length ? [] : await this.#loadEmoji();
    }
    if (sign === "@" && isRoom(this.#conversation)) {
      this.#asking ??= this.#askForMembers();
      await this.#asking;
    }
    return query ? this.#search(sign, query) : [];
  }

  /** With the first that is written: most pages need none. */
  async #loadEmoji() {
    const named = await import("./emoji_names.js").then((list) => list.loadEmoji()).catch(() => []);
    this.#emoji = named.flatMap(({ emoji, names }) => names.map((name) => emojiOf(emoji, name.replaceAll(" ", "_"))));
    return this.#emoji;
  }

  /** @returns {Candidate[]} */
  #all() {
    const room = { name: "room", called: t("Everybody in this room"), inserted: "@room " };
    return isRoom(this.#conversation) ? [{ sign: "@", isNear: true, ...room }] : [];
  }

  /** Those who are here, the last who spoke first; then those of the list. */
  #people() {
    const spoke = all(document, "#log > article").map(({ dataset }) => dataset.sender ?? "");
    const members = isRoom(this.#conversation) ? this.#members : [nameIn(this.#conversation)];
    const here = new Set([...spoke.reverse(), ...members]);
    return [...new Set([...here, ...listed("@")])]
      .filter((username) => username && username !== me)
      .map((username) => personOf({ username, nickname: nameOf(username), isNear: here.has(username) }));
  }

  async #askForMembers() {
    const room = await fetchJson(`/api/rooms/${encodeURIComponent(nameIn(this.#conversation))}`);
    this.#members = room?.members ?? [];
  }

  /** @param {string} sign @param {string} query */
  #search(sign, query) {
    const key = sign + query.toLowerCase();
    const known = this.#found.get(key);
    if (known) {
      return known;
    }
    if (this.#found.size >= CACHED_MAX) {
      this.#found.clear();
    }
    const searching = search(sign, query);
    this.#found.set(key, searching);
    return searching;
  }
}

/**
 * Whom, or which rooms, the services find.
 * @param {string} sign
 * @param {string} query
 * @returns {Promise<Candidate[]>}
 */
export async function search(sign, query) {
  const path = sign === "@" ? "/api/people" : "/api/rooms";
  const found = await fetchJson(`${path}?${new URLSearchParams({ query, limit: "20" })}`);
  return (found ?? []).map(sign === "@" ? personOf : ({ name = "" }) => roomOf(name));
}

/** The names of such conversations, in the order of the list. @param {"@" | "#"} sign */
export function listed(sign) {
  return all(document, `#conversations [data-conversation^="${sign}"]`).map(({ dataset }) =>
    nameIn(dataset.conversation ?? ""),
  );
}

/**
 * @param {{username: string, nickname?: string | null, isNear?: boolean}} person
 * @returns {Candidate}
 */
export function personOf({ username, nickname, isNear = false }) {
  return { sign: "@", name: username, called: nickname || username, inserted: `@${username} `, isNear };
}

/** @param {string} name @returns {Candidate} */
export function roomOf(name) {
  return { sign: "#", name, inserted: `#${name} ` };
}

/** @param {string} emoji @param {string} name @returns {Candidate} */
function emojiOf(emoji, name) {
  return { sign: ":", name, inserted: emoji };
}

/** @param {string} path @returns {Promise<any>} null where there is no answer */
async function fetchJson(path) {
  try {
    const answer = await fetch(path);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
