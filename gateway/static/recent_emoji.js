/** The emoji that the reader chose last, on this device. */

import { me } from "./people.js";

const KEY = `recent-emoji:${me}`;
const COUNT_MAX = 18;

/** The last first. @returns {string[]} */
export function recentEmoji() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return []; // the browser keeps nothing, or something else
  }
}

/** @param {string} emoji */
export function rememberEmoji(emoji) {
  const kept = [emoji, ...recentEmoji().filter((one) => one !== emoji)].slice(0, COUNT_MAX);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Full, or forbidden: then there are none.
  }
}
