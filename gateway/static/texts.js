/** Texts: counted and cut by what a reader takes for characters, never in the middle of one. */

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;

/** How many characters (code points) the services count. @param {string} text */
export function lengthOf(text) {
  return [...text].length;
}

/** Without what is in spoilers, as the server writes it. @param {string} text */
export function concealed(text) {
  return text.replace(/\|\|.+?\|\|/gs, "\u2592\u2592\u2592");
}

/**
 * At most so many characters as they are seen, and `…` where that is not all.
 * @param {string} text
 * @param {number} lengthMax
 */
export function shortened(text, lengthMax) {
  const seen = segmenter ? Array.from(segmenter.segment(text), (one) => one.segment) : [...text];
  return seen.length > lengthMax ? `${seen.slice(0, lengthMax).join("")}…` : text;
}

/** In this order. Single `*` and `_` stand for more than emphasis, and stay. @type {[RegExp, string][]} */
const PREVIEW_RULES = [
  [/^ {0,3}(?:`{3,}|~{3,})[^`\n]*\n?/gm, ""],
  [/^ {0,3}(?:>[ \t]?)+/gm, ""],
  [/\*\*|~~|`/g, ""],
  [/\[([^\]\n]*)\]\((?:https?:\/\/|mailto:)[^)\s]*\)/g, "$1"],
];

/**
 * A text in a line, where it is not opened: without the marks of Markdown, and what its writer has hidden stays so.
 * @param {string} text
 */
export function preview(text) {
  return PREVIEW_RULES.reduce((shown, [pattern, made]) => shown.replace(pattern, made), concealed(text)).trim();
}
