/** One line above the composer for what did not work. */

const SHOWN_MS = 8_000;
let timer = 0;

/** Say it, for a while; an empty text takes it away. @param {string} text */
export function showComposerError(text) {
  const line = document.getElementById("composer-error");
  if (!line) {
    return;
  }
  clearTimeout(timer);
  line.textContent = text;
  line.hidden = text === "";
  if (text) {
    timer = setTimeout(() => showComposerError(""), SHOWN_MS);
  }
}
