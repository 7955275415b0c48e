/** Operators in the switcher: what may follow one is offered first, and is put into its field. */

import { ranked } from "./completion.js";
import { knownValues } from "./search_operators.js";
import { faceOf, roomSign, span } from "./switcher_options.js";
import { searchPath } from "./switcher_query.js";

/** @import { Candidate, Token } from "./completion.js" */
/** @import { Choice } from "./switcher_options.js" */

const SHOWN_MAX = 6;

/**
 * What is written in full already is not offered again.
 * @param {string} typed
 * @param {Token} token
 * @param {Candidate[]} found what the services know besides
 * @param {(text: string, place: number) => void} put
 * @returns {Choice[]}
 */
export function operatorChoices(typed, token, found, put) {
  const written = typed.slice(token.start, token.end).toLowerCase();
  return ranked([...knownValues(token), ...found], token.query, 3 * SHOWN_MAX)
    .filter(({ inserted }) => inserted.trimEnd().toLowerCase() !== written)
    .slice(0, SHOWN_MAX)
    .map((candidate) => choiceOf(typed, token, candidate, put));
}

/**
 * @param {string} typed
 * @param {Token} token
 * @param {Candidate} candidate
 * @param {(text: string, place: number) => void} put
 * @returns {Choice}
 */
function choiceOf(typed, { start, end }, { sign, name, called, inserted }, put) {
  const text = typed.slice(0, start) + inserted + typed.slice(end).trimStart();
  return {
    group: "operators",
    href: searchPath(text),
    picture: pictureOf(sign, name),
    title: [called ?? name],
    says: [inserted.trimEnd()],
    act: () => put(text, start + inserted.length),
    stays: true,
  };
}

/** @param {string} sign @param {string} name */
function pictureOf(sign, name) {
  if (sign === "=") {
    const picture = span("sign");
    picture.dataset.icon = "search";
    return picture;
  }
  return sign === "@" ? faceOf(name) : roomSign(false);
}
