/** Presence: who is here, in the list and at the head of the chat; and who is writing. */

import { nameIn } from "./conversation_label.js";
import { all, optional } from "./dom.js";
import { t } from "./i18n.js";
import { isBlocked } from "./moderation.js";
import { nameOf } from "./people.js";

/** @import { Connection } from "./connection.js" */

const TYPING_SHOWN_MS = 3_000;

/** @type {Set<string>} */
const online = new Set();

/** @param {Connection} connection */
export function wirePresence(connection) {
  connection.on("ready", (event) => {
    online.clear();
    event.online.forEach((username) => online.add(username));
    show();
  });
  connection.on("presence", ({ username, online: isOnline }) => {
    online[isOnline ? "add" : "delete"](username);
    show();
  });
}

/** Whether the person's coming and going is told: they are in the list. @param {string} username */
export function isListed(username) {
  return optional(document, `#conversations [data-conversation="@${CSS.escape(username)}"]`) !== null;
}

/** A fresh list tells of people whose coming was not told: they were no contacts then. @param {HTMLElement} list */
export function learnPresence(list) {
  for (const { dataset } of all(list, "[data-online]")) {
    online[dataset.online === "true" ? "add" : "delete"](nameIn(dataset.conversation ?? ""));
  }
  show();
}

function show() {
  for (const item of all(document, '#conversations [data-conversation^="@"]')) {
    const isOnline = online.has(nameIn(item.dataset.conversation ?? ""));
    item.dataset.online = String(isOnline);
    say(optional(item, ".is-online"), isOnline);
  }
  const other = optional(document, "main[data-other]")?.dataset.other;
  for (const line of all(document, "main .presence, #details .presence")) {
    const isOnline = online.has(line.dataset.username ?? other ?? "");
    line.dataset.online = String(isOnline);
    say(line, isOnline);
  }
}

/** @param {HTMLElement | null} line @param {boolean} isOnline */
function say(line, isOnline) {
  if (line) {
    line.textContent = isOnline ? t("online") : t("offline");
  }
}

/**
 * Show who writes in `conversation`, each until they have said it or stopped for a while.
 * @param {Connection} connection
 * @param {Api.Label} conversation
 * @param {HTMLElement} line
 */
export function wireTyping(connection, conversation, line) {
  /** @type {Map<string, number>} */
  const timers = new Map();
  const display = () => {
    // Isolated: a name that runs the other way turns nothing around it (UAX #9).
    const names = [...timers.keys()].map((username) => `\u2068${nameOf(username)}\u2069`);
    line.textContent = names.length === 0 ? "" : words(names);
    line.hidden = names.length === 0;
  };
  /** @param {string} username */
  const stop = (username) => {
    clearTimeout(timers.get(username));
    timers.delete(username);
    display();
  };
  connection.on("typing", (event) => {
    if (event.conversation === conversation && !isBlocked(event.username)) {
      clearTimeout(timers.get(event.username));
      timers.set(event.username, setTimeout(() => stop(event.username), TYPING_SHOWN_MS));
      display();
    }
  });
  connection.on("message", (event) => event.conversation === conversation && stop(event.sender_username));
}

/** @param {string[]} names */
function words(names) {
  if (names.length === 1) {
    return t("%(name)s is writing …", { name: names[0] });
  }
  return t("%(names)s are writing …", { names: names.join(", ") });
}
