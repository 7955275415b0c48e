/** The members of the open room: they come and go, and are here or not, while the page stays. */

import { all, closest, optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { isNews, moderates } from "./moderation.js";
import { fillAvatar, handleOf, likeness, me, nameOf } from "./people.js";
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
    document.addEventListener("focusin", suggestPeople);
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
    // Who keeps order takes all anew.
    connection.on("joined", (event) => isHere(event) && !moderates() && this.#joined(event.username));
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
      this.#isOnline(username, true);
    }
  }

  /** @param {string} username */
  #joined(username) {
    isWhole() ? this.#askSoon() : inLargeRoom((room) => room.joined(username));
  }

  /** @param {string} username @param {boolean} isMember */
  #isOnline(username, isMember) {
    if (rowOf(username)) {
      setOnline(username, true);
    } else if (!isWhole() && username !== me) {
      inLargeRoom((room) => room.appearSoon(this.#conversation, username, isMember));
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
    connection.on("presence", ({ username, online }) => {
      online ? this.#isOnline(username, false) : setOnline(username, false);
    });
    connection.on("profile", async (event) => {
      const loaded = await import("./learned_profiles.js").catch(() => null);
      const row = rowOf(event.username);
      if (row && loaded) {
        loaded.learnProfile(event);
        fill(row, event);
        place(row);
      }
    });
  }

  #askSoon() {
    if (!this.#isAskingSoon && !isSearched() && document.visibilityState === "visible") {
      this.#isAskingSoon = true;
      setTimeout(() => this.#ask(), ASK_MS_MIN + Math.random() * ASK_MS_SPREAD);
    }
  }

  async #ask() {
    this.#isAskingSoon = false;
    try {
      const { renewMembers } = await import("./member_renewal.js");
      await renewMembers(this.#conversation);
      this.#knownAt = Date.now();
    } catch {
      // The next event asks again.
    }
  }
}

/** What few rooms need. @param {(room: typeof import("./large_room.js")) => void} act */
async function inLargeRoom(act) {
  const loaded = await import("./large_room.js").catch(() => null);
  loaded && act(loaded);
}

/** Of whom to add: once somebody is about to. @param {FocusEvent} event */
async function suggestPeople(event) {
  const field = closest(event, "[data-suggest]");
  if (field) {
    document.removeEventListener("focusin", suggestPeople);
    (await import("./people_suggestions.js").catch(() => null))?.wirePeopleSuggestions();
    field.dispatchEvent(new Event("input", { bubbles: true })); // something may be typed already
  }
}

// Rows

/** Whether the list shows what somebody looked for. */
export function isSearched() {
  return optional(document, "#members:not([data-searched])") === null;
}

/** Whether all members are listed. Who has just joined comes a moment later. */
function isWhole() {
  return !isSearched() && membersCount() <= rows().length + 1;
}

export function rows() {
  return all(document, "#members li[data-username]");
}

/** @param {string} username */
export function rowOf(username) {
  return optional(document, `#members li[data-username="${CSS.escape(username)}"]`);
}

/** @param {HTMLElement} row */
export function usernameOf(row) {
  return row.dataset.username ?? "";
}

/** @param {HTMLElement} row @param {Api.Profile} profile */
export function fill(row, { username, status }) {
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
export function remove(username) {
  const row = rowOf(username);
  if (row) {
    leave(row);
    countMembers(-1);
  } else if (!isWhole()) {
    inLargeRoom((room) => room.left());
  }
}

/** @param {string} username @param {boolean} isOnline */
export function setOnline(username, isOnline) {
  const row = rowOf(username);
  if (row && row.dataset.online !== String(isOnline)) {
    row.dataset.online = String(isOnline);
    required(row, ".is-online").textContent = isOnline ? t("online") : t("offline");
    place(row);
  }
}

/** @param {string} username @param {Api.RoomRole} role */
export function setRole(username, role) {
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
export function place(row) {
  const { role = "member", online } = row.dataset;
  const kind = role !== "member" ? role : online === "true" ? "online" : "offline";
  const section = sectionOf(kind);
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
  count(section, -1);
}

/** @param {string} kind */
export function sectionOf(kind) {
  return optional(document, `#members [data-section="${kind}"]`);
}

/** @param {HTMLElement | null} section */
export function rowsIn(section) {
  return section ? all(section, "li").length : 0;
}

/** Of all who belong there, listed or not. @param {HTMLElement | null} section */
export function numberOf(section) {
  return Number(section && optional(section, ".number")?.textContent) || 0;
}

/** @param {HTMLElement | null} section @param {number} number */
export function setNumber(section, number) {
  const shown = section && optional(section, ".number");
  if (shown) {
    shown.textContent = String(Math.max(0, number));
  }
  if (section) {
    section.hidden = rowsIn(section) === 0 && numberOf(section) === 0;
  }
}

/** @param {HTMLElement | null} section @param {number} more */
export function count(section, more) {
  setNumber(section, numberOf(section) + more);
}

function membersCount() {
  return Number(optional(document, ".members-count")?.dataset.count);
}

/** @param {number} number */
export function setMembersCount(number) {
  const shown = optional(document, ".members-count");
  if (shown) {
    shown.textContent = shown.dataset.count = String(number);
  }
}

/** @param {number} more */
export function countMembers(more) {
  setMembersCount(membersCount() + more);
}
