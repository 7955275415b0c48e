/** A room of so many that some of its people are listed: the numbers move, and who comes or writes gets a row. */

import { count, countMembers, isSearched, numberOf, rowOf, rowsIn, sectionOf } from "./member_list.js";
import { setOnline, setRole } from "./member_list.js";
import { add, askMembers, readProfiles } from "./member_renewal.js";

const ASK_MS_MIN = 250; // who comes together is asked for once,
const ASK_MS_SPREAD = 1_500; // and not by all members in the same moment
const APPEARING_MAX = 100;

/** Who is to get a row, and whether they are known to be in the room. @type {Map<string, boolean>} */
const appearing = new Map();
/** Those who are here, but not in the room. @type {Set<string>} */
const others = new Set();

/** Somebody who is not listed; whether they are here nobody knows. @param {string} username */
export function joined(username) {
  others.delete(username);
  countUnlisted(1);
}

/** Somebody who was not listed. */
export function left() {
  countUnlisted(-1);
}

/**
 * Somebody without a row is here.
 * @param {Api.Label} room
 * @param {string} username
 * @param {boolean} isMember false where that is not known
 */
export function appearSoon(room, username, isMember) {
  if (isSearched() || appearing.size >= APPEARING_MAX || (!isMember && others.has(username))) {
    return;
  }
  if (appearing.size === 0) {
    setTimeout(() => appear(room), ASK_MS_MIN + Math.random() * ASK_MS_SPREAD);
  }
  appearing.set(username, isMember || (appearing.get(username) ?? false));
}

/** @param {number} more */
function countUnlisted(more) {
  countMembers(more);
  if (!isSearched()) {
    count(sectionOf("offline"), more);
  }
}

/** Only of those who did not write it is asked whether they are in the room: that is dear. @param {Api.Label} room */
async function appear(room) {
  const asked = [...appearing];
  const known = asked.filter(([, isMember]) => isMember).map(([who]) => who);
  const unsure = asked.filter(([, isMember]) => !isMember).map(([who]) => who);
  appearing.clear();
  try {
    const found = unsure.length ? (await askMembers(room, { usernames: unsure.join(",") })).members : [];
    const members = new Set(found.map(({ username }) => username));
    unsure.filter((who) => !members.has(who)).forEach((who) => others.add(who));
    const here = [...known, ...found.filter(({ online }) => online).map(({ username }) => username)];
    (await readProfiles(here.filter((who) => !rowOf(who)))).forEach(list);
    found.forEach(({ username, role }) => setRole(username, role));
  } catch {
    // Whoever writes again, or comes again, is asked for again.
  }
}

/** Somebody who was counted, as one who is here, or else as one who is not. @param {Api.Profile} profile */
function list(profile) {
  const [here, away] = [sectionOf("online"), sectionOf("offline")];
  const wasCountedHere = numberOf(here) > rowsIn(here);
  add(profile);
  setOnline(profile.username, true);
  countUnlisted(-1);
  if (wasCountedHere) {
    count(here, -1);
    count(away, 1);
  }
}
