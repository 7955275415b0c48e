/** The system's notifications: only where the reader has allowed them, on a click, and looks elsewhere. */

import { introduced } from "./people.js";
import { shortened } from "./texts.js";
import { t } from "./words.js";

const TEXT_LENGTH_MAX = 140;

export function wireNotifications(connection) {
  if (!("Notification" in window)) {
    return;
  }
  for (const button of document.querySelectorAll('[data-action="notifications"]')) {
    button.hidden = Notification.permission !== "default";
    button.addEventListener("click", async () => {
      await Notification.requestPermission();
      button.hidden = Notification.permission !== "default";
    });
  }
  let isLive = false;
  connection.on("state", (state) => (isLive = state === "online"));
  connection.on("message", (event) => isLive && isElsewhere() && Notification.permission === "granted" && show(event));
}

function isElsewhere() {
  return document.visibilityState !== "visible" || !document.hasFocus();
}

function show(event) {
  const isRoom = event.conversation.startsWith("#");
  const name = introduced(event.sender_username);
  const body = shortened(event.message || t("Picture"), TEXT_LENGTH_MAX);
  try {
    const shown = new Notification(isRoom ? `${name} (${event.conversation})` : name, { body, tag: event.conversation });
    shown.onclick = () => {
      window.focus();
      const place = encodeURIComponent(event.conversation.slice(1));
      location.assign(isRoom ? `/rooms/${place}` : `/chat/${place}`);
    };
  } catch {
    // Some browsers on phones have the class and refuse to make one.
  }
}
