/**
 * Emoji by their names, in the page's language, in the order of Unicode: for the picker, and for names in a text.
 *
 * The lists are files of their own, a line each: the emoji, its names, and behind a semicolon by what else it is found
 * (docs/decisions/0046). A line that begins with `#` begins a section.
 */

import { language } from "./i18n.js";

/** `names` begin with that which is shown.
 * @typedef {{emoji: string, names: string[], keywords: string[], section: string}} Named
 */

const LISTS = {
  en: new URL("./emoji_en.txt", import.meta.url),
  de: new URL("./emoji_de.txt", import.meta.url),
};

/** @type {Promise<Named[]> | null} */
let loading = null;

/** Rejects where they cannot be had; the next time asks again. @returns {Promise<Named[]>} */
export function loadEmoji() {
  loading ??= fetchList().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function fetchList() {
  const answer = await fetch(language === "de" ? LISTS.de : LISTS.en);
  if (!answer.ok) {
    throw new Error(`The names of emoji were refused: ${answer.status}`);
  }
  return parse(await answer.text());
}

/** @param {string} list @returns {Named[]} */
export function parse(list) {
  const found = [];
  let section = "";
  for (const line of list.trimEnd().split("\n")) {
    const space = line.indexOf(" ");
    const [sign, words] = [line.slice(0, space), line.slice(space + 1)];
    if (sign === "#") {
      section = words;
    } else {
      const [names, keywords] = words.split(";").map((part) => part.split("|"));
      found.push({ emoji: sign, names, keywords: keywords ?? [], section });
    }
  }
  return found;
}
