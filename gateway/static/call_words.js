/** Calls that are over, in words: the same in the list and in the log. */

import { t } from "./i18n.js";

/** @param {Api.CallRecord} call */
export function callWords({ outcome, duration_s = 0 }) {
  if (outcome === "answered") {
    return t("Video call, %(duration)s", { duration: spoken(Math.floor(duration_s)) });
  }
  return outcome === "declined" ? t("Declined video call") : t("Missed video call");
}

/** `4 s`, `12 min`, `1 h 5 min`. @param {number} seconds */
function spoken(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (seconds < 60) {
    return `${seconds} s`;
  }
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
