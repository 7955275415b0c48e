/** Profiles on an open page: who shows themselves otherwise is shown so wherever they are. */

import { all, optional } from "./dom.js";
import { learnProfile } from "./learned_profiles.js";
import { fillAvatar, handleOf, me, nameOf, personOf, setPerson } from "./people.js";

const ASK_MS_SPREAD = 5_000; // not all who know somebody ask in the same moment

/** @param {Api.Profile} profile */
export async function showProfile(profile) {
  const { username, status } = profile;
  const before = personOf(username)?.name;
  if (isInDoubt(profile)) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * ASK_MS_SPREAD));
    setPerson(username, { name: await savedName(profile), nickname: profile.nickname, picture: "" });
  }
  learnProfile(profile);
  const escaped = CSS.escape(username);
  for (const article of all(document, `#log > article[data-sender="${escaped}"]`)) {
    show(article, ".sender", username);
  }
  for (const item of all(document, `#conversations [data-conversation="@${escaped}"]`)) {
    const isNamedHere = before !== undefined && optional(item, ".called")?.textContent !== before;
    show(item, isNamedHere ? "" : ".called", username);
  }
  if (optional(document, "main")?.dataset.other === username) {
    all(document, ".talk-head").forEach((part) => show(part, ".called", username));
    all(document, "#details .profile").forEach((part) => show(part, "h2", username));
    say(optional(document, "#details .profile .says"), status);
  }
  if (username === me) {
    all(document, ".me").forEach((part) => {
      show(part, ".name", username);
      say(optional(part, ".status"), status);
    });
  }
}

/** Whether the list may call them by a name that the reader gave them. @param {Api.Profile} profile */
function isInDoubt({ username, nickname }) {
  const listed = optional(document, `#conversations [data-conversation="@${CSS.escape(username)}"] .called`);
  return listed !== null && !personOf(username) && listed.textContent !== nickname;
}

/** @param {Api.Profile} profile */
async function savedName({ username, nickname }) {
  try {
    const answer = await fetch("/api/saved-chats", { cache: "no-store" });
    const chats = answer.ok ? await answer.json() : [];
    const saved = chats.find((/** @type {Api.SavedChat} */ chat) => chat.chat_username === username);
    return saved?.chat_nickname || nickname;
  } catch {
    return nickname;
  }
}

/** @param {Element} part @param {string} where the name stands, if that changes @param {string} username */
function show(part, where, username) {
  const name = where ? optional(part, where) : null;
  const handle = name && (optional(part, ".handle") ?? (where === ".called" ? addHandle(name) : null));
  if (name) {
    name.textContent = nameOf(username);
  }
  if (handle) {
    handle.textContent = handleOf(username);
    handle.hidden = !handle.textContent;
  }
  const avatar = optional(part, ".avatar");
  if (avatar) {
    fillAvatar(avatar, username);
  }
}

/** Pages leave it out where there is none. @param {HTMLElement} name */
function addHandle(name) {
  const handle = document.createElement("small");
  handle.className = "handle";
  name.after(" ", handle);
  return handle;
}

/** @param {HTMLElement | null} line @param {string} status */
function say(line, status) {
  if (line) {
    line.textContent = status;
  }
}
