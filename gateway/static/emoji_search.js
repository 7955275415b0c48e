/** Finding emoji by what they are called. Pure. */

import { folded } from "./completion.js";

/** @import { Named } from "./emoji_names.js" */

/**
 * Those of which each word of the query begins a word, the best first: by their name, then by what else it says.
 * @param {Named[]} all
 * @param {string} query
 */
export function findEmoji(all, query) {
  const wanted = folded(query).split(/[\s_]+/).filter(Boolean);
  return all
    .map((one) => ({ one, rank: rankOf(one.names.map(folded), one.keywords.map(folded), wanted) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((first, second) => first.rank - second.rank)
    .map(({ one }) => one);
}

/** @param {string[]} names @param {string[]} keywords @param {string[]} wanted */
function rankOf(names, keywords, wanted) {
  const whole = wanted.join(" ");
  const isFoundIn = (/** @type {string[]} */ texts) => {
    const words = texts.flatMap((text) => [text, ...text.split(/[\s_:,-]+/)]);
    return wanted.every((word) => words.some((one) => one.startsWith(word)));
  };
  const ranks = [
    names.includes(whole) || names.includes(wanted.join("_")),
    names[0].startsWith(whole),
    isFoundIn(names),
    isFoundIn([...names, ...keywords]),
  ];
  const rank = ranks.indexOf(true);
  return rank < 0 ? Infinity : rank;
}
