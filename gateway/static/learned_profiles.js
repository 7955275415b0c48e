/** Profiles that the page learns of while it is open. */

import { nameOf, personOf, setPerson } from "./people.js";

/** @param {Api.Profile} profile as somebody shows themselves from now on */
export function learnProfile({ username, nickname, pfp }) {
  const known = personOf(username);
  const isNamedHere = known?.nickname !== undefined && known.nickname === nickname;
  setPerson(username, { ...(isNamedHere ? known : { name: nickname }), picture: picturePathOf(username, pfp) });
}

/** Somebody whom the page may not know yet; those whom it does keep their names. @param {Api.FoundPerson} found */
export function meet({ username, nickname, pfp = null }) {
  if (!personOf(username)) {
    const listed = nameOf(username);
    const name = listed === username ? nickname || username : listed;
    setPerson(username, { name, picture: picturePathOf(username, pfp) });
  }
}

/** Where a page finds the picture; the server says the same. @param {string} username @param {string | null} pfp */
function picturePathOf(username, pfp) {
  return pfp ? `/api/avatars/${encodeURIComponent(username)}?v=${crc32(pfp)}` : "";
}

/** @param {string} text */
function crc32(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, "0");
}
