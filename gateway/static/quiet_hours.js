/** Quiet hours: when the reader is to be notified of nothing, by the clock of the time zone that they chose. */

import { optional } from "./dom.js";

/** @type {Api.QuietHours} */
let chosen = { starts: null, ends: null, time_zone: null };

/** @param {import("./connection.js").Connection} connection */
export function followQuietHours(connection) {
  connection.on("state", (state) => state === "online" && load());
  connection.on("quiet_hours", (hours) => (chosen = hours));
  const zone = optional(document, '#quiet-hours [name="time_zone"]', HTMLInputElement);
  if (zone && !zone.value) {
    zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
}

/** @param {Date} now */
export function isQuietAt(now) {
  const { starts, ends, time_zone: timeZone } = chosen;
  if (!starts || !ends || !timeZone) {
    return false;
  }
  const time = timeIn(timeZone, now);
  return starts < ends ? starts <= time && time < ends : time >= starts || time < ends;
}

async function load() {
  try {
    const answer = await fetch("/api/quiet-hours", { cache: "no-store" });
    if (answer.ok) {
      chosen = await answer.json();
    }
  } catch {
    // The next connection asks again.
  }
}

/** As "07:30". @param {string} timeZone @param {Date} now */
function timeIn(timeZone, now) {
  try {
    const clock = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    return clock.format(now);
  } catch {
    return now.toTimeString().slice(0, 5); // a zone that this browser does not know: its own
  }
}
