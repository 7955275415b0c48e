/** Midnight: what is called today on an open page is called yesterday then. */

import { all } from "./dom.js";
import { dayOf, format, showTime } from "./time_format.js";

const LATER_MS = 1_000;

/** Also where the machine slept over it. */
export function followMidnight() {
  let shown = dayOf(new Date());
  const look = () => {
    const now = new Date();
    if (dayOf(now) !== shown) {
      shown = dayOf(now);
      showDays();
    }
  };
  const wait = () => {
    const now = new Date();
    const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
    setTimeout(() => {
      look();
      wait();
    }, next.getTime() - now.getTime() + LATER_MS);
  };
  wait();
  document.addEventListener("visibilitychange", look);
}

function showDays() {
  for (const time of all(document, 'time[data-format="day"]', HTMLTimeElement)) {
    const [year, month, day] = time.dateTime.split("-").map(Number);
    time.textContent = format(new Date(year, month - 1, day), "day");
  }
  for (const time of all(document, 'time[data-format="short"]', HTMLTimeElement)) {
    showTime(time, new Date(time.dateTime));
  }
}
