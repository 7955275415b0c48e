/** Uploads that have begun, kept in the browser by the file's name, size and age. */

import { me } from "./people.js";

const PREFIX = `parley.upload.${me}.`;
/** Nobody sends to it any more: pieces come more often. */
const STALE_MS = 5 * 60_000;

/** @typedef {{address: string, at_ms: number}} Remembered `at_ms`: when a piece arrived last */

/** @param {File} file */
export function uploadKey({ name, size, lastModified }) {
  return `${PREFIX}${size}.${lastModified}.${name}`;
}

/** Where it is. @param {string} key */
export function recallUpload(key) {
  return parsed(localStorage.getItem(key))?.address ?? null;
}

/** @param {string} key @param {string} address */
export function rememberUpload(key, address) {
  try {
    localStorage.setItem(key, JSON.stringify({ address, at_ms: Date.now() }));
  } catch {
    // There is no room, so it goes on only while the page lives.
  }
}

/** @param {string} key */
export function forgetUpload(key) {
  localStorage.removeItem(key);
}

/** The addresses of those that nothing was sent to for long; they are forgotten. */
export function staleUploads() {
  const stale = Object.keys(localStorage).filter((key) => {
    const remembered = key.startsWith(PREFIX) ? parsed(localStorage.getItem(key)) : null;
    return remembered !== null && Date.now() - remembered.at_ms > STALE_MS;
  });
  const addresses = stale.map((key) => recallUpload(key) ?? "");
  stale.forEach(forgetUpload);
  return addresses;
}

/** @param {string | null} text @returns {Remembered | null} */
function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
