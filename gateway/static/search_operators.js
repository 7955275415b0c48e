/** Operators of a search: which one is being written, and what may follow it. */

import { listed, personOf, roomOf, search } from "./completion_sources.js";
import { t } from "./i18n.js";
import { me, nameOf } from "./people.js";

/** @import { Candidate, Token } from "./completion.js" */

const KINDS = ["file", "picture", "audio", "video", "link"];
const DAY_MS = 86_400_000;
const OPERATOR = /(?:^|\s)(?<token>(?<operator>from|in|has|before|after):(?<value>[^\s"]{0,64}))$/i;

/**
 * The operator that is being written up to `place`, if any is: what stands in quotes is none.
 * @param {string} text
 * @param {number} place
 * @returns {(Token & {operator: string}) | null}
 */
export function operatorAt(text, place) {
  const before = text.slice(0, place);
  const { token, operator, value } = OPERATOR.exec(before)?.groups ?? {};
  if (!token || before.split('"').length % 2 === 0) {
    return null;
  }
  const [, sign, query] = /** @type {RegExpExecArray} */ (/^([@#]?)(.*)$/.exec(value));
  return { operator: operator.toLowerCase(), sign: signOf(sign), query, start: place - token.length, end: place };
}

/** Whether it takes only what is offered, or a day: all else is refused. @param {{operator: string} | null} token */
export function hasFewValues(token) {
  return token !== null && token.operator !== "from" && token.operator !== "in";
}

/** What may follow: whom and what the page knows, and days. @param {Token} token @returns {Candidate[]} */
export function knownValues(token) {
  const { operator, sign } = /** @type {Token & {operator: string}} */ (token);
  if (operator === "has") {
    return KINDS.map((kind) => valueOf(operator, kind));
  }
  if (operator === "before" || operator === "after") {
    return days().map(([day, called]) => valueOf(operator, day, called));
  }
  const rooms = operator === "in" && sign !== "@" ? listed("#").map(roomOf) : [];
  const people = sign !== "#" ? listed("@").map((username) => personOf({ username, nickname: nameOf(username) })) : [];
  const self = operator === "from" ? [valueOf(operator, "me", t("you"))] : [];
  return [...[...rooms, ...people].map((one) => following(operator, one)), ...self];
}

/** What the services know besides. @param {Token} token @returns {Promise<Candidate[]>} */
export async function foundValues(token) {
  const { operator, sign, query } = /** @type {Token & {operator: string}} */ (token);
  const wanted = { from: ["@"], in: ["#", "@"] }[operator]?.filter((one) => sign === "=" || one === sign) ?? [];
  const found = query ? await Promise.all(wanted.map((one) => search(one, query))) : [];
  return found.flat().filter(({ name }) => name !== me).map((one) => following(operator, one));
}

/** @param {string} sign @returns {"@" | "#" | "="} */
function signOf(sign) {
  return sign === "@" || sign === "#" ? sign : "=";
}

/** @param {string} operator @param {Candidate} candidate a person or a room @returns {Candidate} */
function following(operator, candidate) {
  const { sign, name } = candidate;
  return { ...candidate, inserted: `${operator}:${operator === "in" ? sign : ""}${name} ` };
}

/** @param {string} operator @param {string} name @param {string} [called] @returns {Candidate} */
function valueOf(operator, name, called) {
  return { sign: "=", name, called, inserted: `${operator}:${name} ` };
}

/** As the services count them, in UTC. @returns {[string, string][]} */
function days() {
  const now = Date.now();
  /** @type {[number, string][]} */
  const back = [[0, t("Today")], [1, t("Yesterday")], [7, t("A week ago")], [30, t("A month ago")]];
  return back.map(([count, called]) => [new Date(now - count * DAY_MS).toISOString().slice(0, 10), called]);
}
