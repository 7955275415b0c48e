/** The members of the open room: they come and go, and are here or not, while the page stays. */

import { nameIn } from "./conversation_label.js";
import { all, optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { isNews, moderates } from "./moderation.js";
import { learnProfile } from "./learned_profiles.js";
import { fillAvatar, handleOf, likeness, nameOf, profilePathOf } from "./people.js";
import { wirePeopleSuggestions } from "./people_suggestions.js";
import { isListed } from "./presence.js";

/** @import { Connection } from "./connection.js" */

const ASK_MS_MIN = 250; // what comes together is asked for once,
const ASK_MS_SPREAD = 1_500; // and not by all members in the same moment
const STALE_MS = 60_000;
const RECENT_MS = 10_000;
const MAY_BE_USERNAME = /^[a-z0-9_.-]+$/;

export class MemberList {
  #conversation;
  #isAskingSoon = false;
  #knownAt = Date.now();

  /** @param {{conversation: Api.Label, connection: Connection}} parts */
  constructor({ conversation, connection }) {
    this.#conversation = conversation;
    this.#listenToRoom(connection);
    this.#listenToPeople(connection);
    wirePeopleSuggestions(); // of whom to add
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && Date.now() - this.#knownAt > STALE_MS) {
        this.#askSoon();
      }
    });
  }

  /** @param {Connection} connection */
  #listenToRoom(connection) {
    /** @param {Api.Change} event */
    const isHere = (event) => event.conversation === this.#conversation && isNews(event);
    connection.on("joined", (event) => isHere(event) && !moderates() && this.#askSoon()); // else all is taken anew
    connection.on("left", (event) => isHere(event) && remove(event.username));
    connection.on("role", (event) => isHere(event) && setRole(event.username, event.role));
    connection.on("message", ({ conversation, sender_username, timestamp }) => {
      if (Date.now() - Date.parse(timestamp) < RECENT_MS) {
        this.#isSeen(conversation, sender_username); // else it was said while this page was away
      }
    });
    connection.on("typing", (event) => this.#isSeen(event.conversation, event.username));
  }

  /** Whoever writes is here. @param {Api.Label} conversation @param {string} username */
  #isSeen(conversation, username) {
    if (conversation === this.#conversation) {
      setOnline(username, true);
    }
  }

  /** @param {Connection} connection */
  #listenToPeople(connection) {
    connection.on("ready", ({ online }) => {
      const here = new Set(online);
      for (const who of rows().map(usernameOf)) {
        if (isListed(who) || here.has(who)) {
          setOnline(who, here.has(who));
        }
      }
      if (Date.now() - this.#knownAt > RECENT_MS) {
        this.#askSoon(); // what was told meanwhile of the others is not told again
      }
    });
    connection.on("presence", ({ username, online }) => setOnline(username, online));
    connection.on("profile", (event) => {
      learnProfile(event);
      const row = rowOf(event.username);
      if (row) {
        fill(row, event);
        place(row);
      }
    });
  }

  #askSoon() {
    if (!this.#isAskingSoon && whole() && document.visibilityState === "visible") {
      this.#isAskingSoon = true;
      setTimeout(() => this.#ask(), ASK_MS_MIN + Math.random() * ASK_MS_SPREAD);
    }
  }

  async #ask() {
    this.#isAskingSoon = false;
    try {
      /** @type {Api.RoomMembers} */
      const listed = await read(`/api/rooms/${encodeURIComponent(nameIn(this.#conversation))}/members`);
      this.#knownAt = Date.now();
      take(listed, await readProfiles(listed.members.map(usernameOf).filter((who) => !rowOf(who))));
    } catch {
      // The next event asks again.
    }
  }
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
async function readProfiles(usernames) {
  return usernames.length ? read(`/api/profiles?${new URLSearchParams({ usernames: usernames.join(",") })}`) : [];
}

/** @param {Api.RoomMembers} listed @param {Api.Profile[]} profiles of those who have no row */
function take(listed, profiles) {
  if (!moderates()) { // who keeps order has more in a row than this
    profiles.forEach(add);
  }
  const here = new Set(listed.members.map(usernameOf));
  if (here.size === listed.members_count) {
    rows()
      .map(usernameOf)
      .filter((who) => !here.has(who))
      .forEach(remove);
  }
  for (const { username, role, online } of listed.members) {
    setRole(username, role);
    setOnline(username, online);
  }
}

// Rows

const container = () => optional(document, "#members");

/** Whether all members are listed, and not what somebody looked for. */
function whole() {
  const list = container();
  const membersCount = Number(optional(document, ".members-count")?.dataset.count);
  return list !== null && !("searched" in list.dataset) && membersCount <= rows().length + 1;
}

function rows() {
  return all(document, "#members li[data-username]");
}

/** @param {string} username */
function rowOf(username) {
  return optional(document, `#members li[data-username="${CSS.escape(username)}"]`);
}

/** @param {HTMLElement | Api.RoomMember} one @returns {string} */
function usernameOf(one) {
  return one instanceof HTMLElement ? one.dataset.username ?? "" : one.username;
}

/** @param {Api.Profile} profile */
function add(profile) {
  const template = required(document, "#member-template", HTMLTemplateElement);
  const row = /** @type {HTMLElement} */ (required(template.content, "li").cloneNode(true));
  Object.assign(row.dataset, { username: profile.username, role: "member", online: "false" });
  required(row, "a", HTMLAnchorElement).href = profilePathOf(profile.username);
  learnProfile(profile);
  fill(row, profile);
  place(row);
  countMembers(1);
}

/** @param {HTMLElement} row @param {Api.Profile} profile */
function fill(row, { username, status }) {
  row.dataset.name = nameOf(username);
  row.dataset.status = status;
  required(row, ".name").textContent = nameOf(username);
  required(row, ".says").textContent = secondLine(username, status);
  fillAvatar(required(row, ".avatar"), username);
}

/** As the server makes it. @param {string} username @param {string} status */
function secondLine(username, status) {
  const handle = handleOf(username);
  if (!status || !handle) {
    return status || handle;
  }
  const name = likeness(nameOf(username));
  const isShared = rows().some((row) => row.dataset.username !== username && likeness(row.dataset.name ?? "") === name);
  return MAY_BE_USERNAME.test(name) || isShared ? `${handle} · ${status}` : status;
}

/** @param {string} username */
function remove(username) {
  const row = rowOf(username);
  if (row) {
    leave(row);
    row.remove();
    countMembers(-1);
  }
}

/** @param {string} username @param {boolean} isOnline */
function setOnline(username, isOnline) {
  const row = rowOf(username);
  if (row && row.dataset.online !== String(isOnline)) {
    row.dataset.online = String(isOnline);
    required(row, ".is-online").textContent = isOnline ? t("online") : t("offline");
    place(row);
  }
}

/** @param {string} username @param {Api.RoomRole} role */
function setRole(username, role) {
  const row = rowOf(username);
  if (row && row.dataset.role !== role) {
    row.dataset.role = role;
    const mark = required(row, ".role");
    mark.hidden = role === "member";
    required(mark, ".hidden-text").textContent = { owner: t("Owner"), moderator: t("Moderator"), member: "" }[role];
    place(row);
  }
}

// Sections

/** Where the row belongs: in its section, by name. @param {HTMLElement} row */
function place(row) {
  const { role = "member", online } = row.dataset;
  const kind = role !== "member" ? role : online === "true" ? "online" : "offline";
  const section = optional(document, `#members [data-section="${kind}"]`);
  if (!section) {
    return;
  }
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  leave(row);
  const list = required(section, "ul");
  const name = row.dataset.name ?? "";
  const next = all(list, ":scope > li").find((other) => name.localeCompare(other.dataset.name ?? "") < 0);
  list.insertBefore(row, next ?? null);
  count(section, 1);
  if (focused instanceof HTMLElement) {
    focused.focus();
  }
}

/** @param {HTMLElement} row */
function leave(row) {
  const section = row.closest("section");
  row.remove();
  if (section) {
    count(section, -1);
  }
}

/** @param {HTMLElement} section @param {number} more */
function count(section, more) {
  const shown = optional(section, ".number");
  if (shown) {
    shown.textContent = String(Number(shown.textContent) + more);
  }
  section.hidden = !section.querySelector("li");
}

/** @param {number} more */
function countMembers(more) {
  const shown = optional(document, ".members-count");
  if (shown) {
    shown.textContent = shown.dataset.count = String(Number(shown.dataset.count) + more);
  }
}
