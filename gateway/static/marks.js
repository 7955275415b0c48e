/** Lines and names with what was looked for marked in them; gateway/domain/search_view.py makes the same. */

import { preview } from "./texts.js";

/** @typedef {(string | HTMLElement)[]} Marked */

const LINE_LENGTH = 160;
const BEFORE_FIRST = 24; // characters in front of the first mark
const MARK = "\ufdd0"; // behind each marked character; no text holds it, for it is a noncharacter
const SIGNS = new Set("*_~`|>[]() \n"); // what a preview takes away has to stay together
const MARKED = /((?:[^\ufdd0]\ufdd0)+)/u;

/**
 * A text as its preview, around the first mark that is left in it.
 * @param {string} text
 * @param {[number, number][]} marks where each begins and how long it is, in code points
 * @returns {Marked}
 */
export function markedLine(text, marks) {
  const letters = [...text.replaceAll(MARK, "\ufffd")];
  for (const [start, length] of marks) {
    for (let at = start; at < Math.min(start + length, letters.length); at += 1) {
      letters[at] += SIGNS.has(letters[at]) ? "" : MARK;
    }
  }
  const pieces = preview(letters.join("")).split(MARKED);
  return aroundFirst(pieces).map((piece, place) => (place % 2 ? marked(piece.replaceAll(MARK, "")) : piece));
}

/**
 * A name, with the first place that was looked for.
 * @param {string} name
 * @param {string} part
 * @returns {Marked}
 */
export function markedName(name, part) {
  const shown = name.normalize("NFC");
  const at = placeIn(shown, part);
  const end = at + part.length;
  return at < 0 ? [shown] : [shown.slice(0, at), marked(shown.slice(at, end)), shown.slice(end)];
}

/** Where the part stands in a name, in any case; -1 where it does not. @param {string} name @param {string} part */
export function placeIn(name, part) {
  const form = name.toLowerCase();
  const wanted = part.normalize("NFC").toLowerCase();
  // A letter that has two small ones, as İ, would shift what comes behind it.
  return wanted && wanted.length === part.length && form.length === name.length ? form.indexOf(wanted) : -1;
}

/** @param {string[]} pieces by turns unmarked and marked */
function aroundFirst([first, ...others]) {
  const cut = others.length ? first.length - BEFORE_FIRST : 0;
  const begun = cut > 0 ? `…${first.slice(first.indexOf(" ", cut) + 1 || cut)}` : first;
  let left = LINE_LENGTH;
  return [begun, ...others].map((piece) => {
    const shown = piece.slice(0, Math.max(0, left));
    left -= piece.length;
    return shown;
  });
}

/** @param {string} text */
function marked(text) {
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}
