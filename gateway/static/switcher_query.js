/** What somebody asks the switcher for, by its first sign. */

const OPERATOR = /(?:^|\s)(?:from|in|has|before|after):\S|"/i;
const NAME_LENGTH_MAX = 64;

/**
 * @typedef {object} Asked
 * @property {"" | "@" | "#" | ">"} sign only people, rooms or commands; empty for all but commands
 * @property {string} text without the sign
 * @property {string} part what may be part of a name; empty where nothing is
 */

/** @param {string} typed @returns {Asked} */
export function askedFor(typed) {
  const whole = typed.trim();
  const [, sign, text] = /** @type {RegExpExecArray} */ (/^([@#>]?)(.*)$/s.exec(whole));
  const isName = text.length <= NAME_LENGTH_MAX && !OPERATOR.test(text);
  return { sign: /** @type {Asked["sign"]} */ (sign), text: text.trim(), part: isName ? text.trim() : "" };
}

/** Whether people (`@`) or rooms (`#`) are wanted. @param {Asked} asked @param {"@" | "#"} kind */
export function wants({ sign, part }, kind) {
  return sign === kind || (sign === "" && part !== "");
}

/** The page that searches everywhere. @param {string} typed */
export function searchPath(typed) {
  return `/search?${new URLSearchParams({ query: typed.trim() })}`;
}
