/** One line above the composer for what did not work. */

const SHOWN_MS = 8_000;
let later = 0;

/** Say it, for a while; an empty text takes it away. */
export function notice(text) {
  const line = document.getElementById("composer-error");
  if (!line) {
    return;
  }
  clearTimeout(later);
  line.textContent = text;
  line.hidden = text === "";
  if (text) {
    later = setTimeout(() => notice(""), SHOWN_MS);
  }
}
