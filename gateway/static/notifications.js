/** The system's notifications: only where the reader has allowed them, on a click, and looks elsewhere. */

import { isRoom, pagePathOf } from "./conversation_label.js";
import { all, optional } from "./dom.js";
import { lineOf } from "./file_names.js";
import { isLookedAt, isLooking, tellLooking } from "./looking.js";
import { isBlocked } from "./moderation.js";
import { introduced, me } from "./people.js";
import { followQuietHours, isQuietAt } from "./quiet_hours.js";
import { shortened } from "./texts.js";

const TEXT_LENGTH_MAX = 140;

/**
 * Notifications by the id of their message, while they are shown.
 * @type {Map<number, {shown: Notification, event: Api.Message}>}
 */
const told = new Map();

/** @param {import("./connection.js").Connection} connection */
export function wireNotifications(connection) {
  if (!("Notification" in window && isSecureContext)) {
    return; // elsewhere no browser shows any
  }
  for (const button of all(document, '[data-action="notifications"]')) {
    button.hidden = Notification.permission !== "default";
    button.addEventListener("click", async () => {
      await Notification.requestPermission();
      button.hidden = Notification.permission !== "default";
    });
  }
  if (Notification.permission !== "denied") {
    followQuietHours(connection);
  }
  const open = optional(document, "main[data-conversation]")?.dataset.conversation;
  if (open) {
    tellLooking(open);
  }
  let isLive = false;
  connection.on("state", (state) => (isLive = state === "online"));
  connection.on("message", async (event) => {
    // A tab behind another one that shows the conversation has nothing to say.
    if (isLive && !isLooking() && isWanted(event) && !(await isLookedAt(event.conversation))) {
      show(event);
    }
  });
  connection.on("edited", ({ id, message }) => {
    const known = told.get(id);
    if (known) {
      show({ ...known.event, message }, { silent: true });
    }
  });
  connection.on("deleted", ({ id }) => told.get(id)?.shown.close());
  connection.on("read", (event) => event.username === me && closeAll(event.conversation));
}

/** Whether the message calls the reader by name, or all who are there. @param {Api.Message} event */
export function isCalled({ mentions = [], mentions_room: isForAll = false }) {
  return isForAll || mentions.includes(me);
}

/** By what the reader has chosen for the conversation. @param {Api.Message} event */
function isWanted(event) {
  const item = optional(document, `#conversations [data-conversation="${CSS.escape(event.conversation)}"]`);
  const level = item?.dataset.level ?? (isRoom(event.conversation) ? "mentions" : "all");
  const isLoud = level === "all" || (level === "mentions" && isCalled(event));
  const isQuiet = isBlocked(event.sender_username) || (item !== null && "muted" in item.dataset);
  return Notification.permission === "granted" && isLoud && !isQuiet && !isQuietAt(new Date());
}

/** One a conversation: the next takes its place. @param {Api.Message} event @param {NotificationOptions} [options] */
function show(event, options) {
  const name = introduced(event.sender_username);
  const body = shortened(lineOf(event), TEXT_LENGTH_MAX);
  try {
    const title = isRoom(event.conversation) ? `${name} (${event.conversation})` : name;
    const shown = new Notification(title, { body, tag: event.conversation, ...options });
    told.set(event.id, { shown, event });
    shown.onclose = () => told.get(event.id)?.shown === shown && told.delete(event.id);
    shown.onclick = () => {
      window.focus();
      location.assign(pagePathOf(event.conversation));
    };
  } catch {
    // Some browsers on phones have the class and refuse to make one.
  }
}

/** They were seen elsewhere. @param {Api.Label} conversation */
function closeAll(conversation) {
  for (const { shown } of [...told.values()].filter(({ event }) => event.conversation === conversation)) {
    shown.close();
  }
}
