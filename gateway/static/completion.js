/** Completion: which name the writer is at, and which of those that there are may be meant. Pure. */

import { endsInCode } from "./text_editing.js";

/** @typedef {"@" | "#" | ":" | "="} Sign of a person, a room, an emoji, a value of an operator */
/** @typedef {{sign: Sign, query: string, start: number, end: number}} Token `start` is where its sign stands */
/**
 * @typedef {object} Candidate
 * @property {Sign} sign
 * @property {string} name what is looked for first: a username, a room's name, an emoji's
 * @property {string} [called] the other name of a person
 * @property {string} inserted in place of the token
 * @property {boolean} [isNear] comes before those who are not, however well they fit
 */

const NAME = /(?:^|[\s([{"'“‘«>*_~|])(?<token>(?<sign>[@#])(?<query>[\p{L}\p{N}\p{M}_.-]{0,64}))$/u;
const EMOJI = /(?:^|[^\p{L}\p{N}:])(?<token>(?<sign>:)(?<query>[\p{L}\p{N}_+-]{2,32}))$/u;

/**
 * The name that is being written up to `place`, if any is.
 * @param {string} text
 * @param {number} place
 * @returns {Token | null}
 */
export function tokenAt(text, place) {
  const before = text.slice(0, place);
  const { token, sign, query } = (NAME.exec(before) ?? EMOJI.exec(before))?.groups ?? {};
  if (!token || endsInCode(before.slice(0, -token.length))) {
    return null;
  }
  return { sign: /** @type {Sign} */ (sign), query, start: place - token.length, end: place };
}

/**
 * The best of those that fit, the best first; those that fit alike keep their order.
 * @param {Candidate[]} candidates
 * @param {string} query
 * @param {number} countMax
 */
export function ranked(candidates, query, countMax) {
  const wanted = folded(query);
  return candidates
    .map((candidate) => ({ candidate, rank: rankOf(candidate, wanted) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((one, other) => Number(!one.candidate.isNear) - Number(!other.candidate.isNear) || one.rank - other.rank)
    .slice(0, countMax)
    .map(({ candidate }) => candidate);
}

/** In which texts are compared: without case, accents and width. @param {string} text */
export function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * The less, the better; of emoji, which have no order of their own, the shorter name.
 * @param {Candidate} candidate
 * @param {string} wanted
 */
function rankOf({ sign, name, called = "" }, wanted) {
  const [known, other] = [folded(name), folded(called)];
  const ranks = [
    known === wanted,
    known.startsWith(wanted) || other.startsWith(wanted),
    [...known.split(/[_.-]/), ...other.split(/\s+/)].some((word) => word.startsWith(wanted)),
    known.includes(wanted) || other.includes(wanted),
  ];
  const rank = ranks.indexOf(true);
  return rank < 0 ? Infinity : rank + (sign === ":" ? name.length / 100 : 0);
}
