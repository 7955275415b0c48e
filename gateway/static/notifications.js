/** The system's notifications: only where the reader has allowed them, on a click, and looks elsewhere. */

import { isRoom, pagePathOf } from "./conversation_label.js";
import { all } from "./dom.js";
import { lineOf } from "./file_names.js";
import { isBlocked } from "./moderation.js";
import { introduced } from "./people.js";
import { shortened } from "./texts.js";

const TEXT_LENGTH_MAX = 140;

/** @param {import("./connection.js").Connection} connection */
export function wireNotifications(connection) {
  if (!("Notification" in window)) {
    return;
  }
  for (const button of all(document, '[data-action="notifications"]')) {
    button.hidden = Notification.permission !== "default";
    button.addEventListener("click", async () => {
      await Notification.requestPermission();
      button.hidden = Notification.permission !== "default";
    });
  }
  let isLive = false;
  connection.on("state", (state) => (isLive = state === "online"));
  connection.on("message", (event) => {
    const isWanted = isLive && isElsewhere() && !isBlocked(event.sender_username);
    if (isWanted && Notification.permission === "granted") {
      show(event);
    }
  });
}

function isElsewhere() {
  return document.visibilityState !== "visible" || !document.hasFocus();
}

/** @param {Api.Message} event */
function show(event) {
  const name = introduced(event.sender_username);
  const body = shortened(lineOf(event), TEXT_LENGTH_MAX);
  try {
    const title = isRoom(event.conversation) ? `${name} (${event.conversation})` : name;
    const shown = new Notification(title, { body, tag: event.conversation });
    shown.onclick = () => {
      window.focus();
      location.assign(pagePathOf(event.conversation));
    };
  } catch {
    // Some browsers on phones have the class and refuse to make one.
  }
}
