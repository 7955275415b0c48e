/** The members as the server has them now: taken over into the list, which says what it cannot know by itself. */

import { nameIn } from "./conversation_label.js";
import { required } from "./dom.js";
import { learnProfile } from "./learned_profiles.js";
import { countMembers, fill, place, remove, rowOf, rows, rowsIn, sectionOf } from "./member_list.js";
import { setMembersCount, setNumber, setOnline, setRole, usernameOf } from "./member_list.js";
import { moderates } from "./moderation.js";
import { profilePathOf } from "./people.js";

/** Rejects where they cannot be had. @param {Api.Label} room */
export async function renewMembers(room) {
  const listed = await askMembers(room);
  const unknown = listed.members.map(({ username }) => username).filter((who) => !rowOf(who));
  take(listed, await readProfiles(unknown));
}

/** @param {Api.Label} room @param {Record<string, string>} [query] @returns {Promise<Api.RoomMembers>} */
export function askMembers(room, query = {}) {
  return read(`/api/rooms/${encodeURIComponent(nameIn(room))}/members?${new URLSearchParams(query)}`);
}

/** @param {string} path @returns {Promise<any>} */
async function read(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) {
    throw new Error(`Refused: ${answer.status}`);
  }
  return answer.json();
}

/** @param {string[]} usernames @returns {Promise<Api.Profile[]>} */
export async function readProfiles(usernames) {
  return usernames.length ? read(`/api/profiles?${new URLSearchParams({ usernames: usernames.join(",") })}`) : [];
}

/** @param {Api.RoomMembers} listed @param {Api.Profile[]} profiles of those who have no row */
function take(listed, profiles) {
  if (!moderates()) { // who keeps order has more in a row than this
    profiles.forEach(add);
  }
  const here = new Set(listed.members.map(({ username }) => username));
  const isSome = here.size < listed.members_count;
  const unlisted = rows().map(usernameOf).filter((who) => !here.has(who));
  if (!isSome) {
    unlisted.forEach(remove);
  } else if (listed.members.some(({ online }) => !online)) {
    unlisted.forEach((who) => setOnline(who, false)); // all who are here are in the list
  }
  for (const { username, role, online } of listed.members) {
    setRole(username, role);
    setOnline(username, online);
  }
  if (isSome) {
    setCounts(listed);
  }
}

/** As the server counts them. @param {Api.RoomMembers} listed some of them */
function setCounts({ members_count, online_count, members }) {
  const [here, away] = [sectionOf("online"), sectionOf("offline")];
  const keepingOrder = members.filter(({ role }) => role !== "member");
  const online = Math.max(rowsIn(here), online_count - keepingOrder.filter((one) => one.online).length);
  setMembersCount(members_count);
  setNumber(here, online);
  setNumber(away, Math.max(rowsIn(away), members_count - keepingOrder.length - online));
}

/** @param {Api.Profile} profile */
export function add(profile) {
  const template = required(document, "#member-template", HTMLTemplateElement);
  const row = /** @type {HTMLElement} */ (required(template.content, "li").cloneNode(true));
  Object.assign(row.dataset, { username: profile.username, role: "member", online: "false" });
  required(row, "a", HTMLAnchorElement).href = profilePathOf(profile.username);
  learnProfile(profile);
  fill(row, profile);
  place(row);
  countMembers(1);
}
