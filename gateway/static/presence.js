/** Presence: who is here, in the list and at the head of the chat; and who is writing. */

import { nameOf } from "./people.js";
import { t } from "./words.js";

const TYPING_SHOWN_MS = 3_000;

const online = new Set();

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

/** A fresh list tells of people whose coming was not told: they were no contacts then. */
export function learnPresence(list) {
  for (const { dataset } of list.querySelectorAll("[data-online]")) {
    online[dataset.online === "true" ? "add" : "delete"](dataset.conversation.slice(1));
  }
  show();
}

function show() {
  for (const item of document.querySelectorAll('#conversations [data-conversation^="@"]')) {
    item.dataset.online = online.has(item.dataset.conversation.slice(1));
  }
  const other = document.querySelector("main[data-other]")?.dataset.other;
  for (const line of document.querySelectorAll("main .presence, #details .presence")) {
    const isOnline = online.has(line.dataset.username ?? other);
    line.dataset.online = isOnline;
    line.textContent = isOnline ? t("online") : t("offline");
  }
}

/** Show who writes in `conversation`, each until they have said it or stopped for a while. */
export function wireTyping(connection, conversation, line) {
  /** @type {Map<string, number>} */
  const timers = new Map();
  const display = () => {
    const names = [...timers.keys()].map(nameOf);
    line.textContent = names.length === 0 ? "" : words(names);
    line.hidden = names.length === 0;
  };
  const stop = (username) => {
    clearTimeout(timers.get(username));
    timers.delete(username);
    display();
  };
  connection.on("typing", (event) => {
    if (event.conversation === conversation) {
      clearTimeout(timers.get(event.username));
      timers.set(event.username, setTimeout(() => stop(event.username), TYPING_SHOWN_MS));
      display();
    }
  });
  connection.on("message", (event) => event.conversation === conversation && stop(event.sender_username));
}

function words(names) {
  if (names.length === 1) {
    return t("%(name)s is writing …", { name: names[0] });
  }
  return t("%(names)s are writing …", { names: names.join(", ") });
}
