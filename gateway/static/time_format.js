/** Times in the reader's zone and the page's language. */

import { all } from "./dom.js";
import { language, t } from "./i18n.js";

// "en-GB" says more than "en": the page's language decides, the browser's variety of it refines.
const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;

const formats = {
  time: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }),
  day: new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  date: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
  full: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }),
};

/** @typedef {"time" | "day" | "short" | "full"} TimeFormat `short`: the time if it is today, else day and month */

/** The local calendar day, as `2026-11-22`. @param {Date} date */
export function dayOf(date) {
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** In its largest unit, rounded up: `30 seconds`, `5 minutes`. @param {number} seconds */
export function durationIn(seconds) {
  const [unit, lengthS] = /** @type {const} */ ([
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
    ["second", 1],
  ]).find(([, length]) => seconds >= length) ?? ["second", 1];
  const words = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" });
  return words.format(Math.ceil(seconds / lengthS));
}

/** @param {Date} date @param {TimeFormat} how */
export function format(date, how, now = new Date()) {
  if (how === "day") {
    return nameOfDay(date, now);
  }
  if (how === "short") {
    return dayOf(date) === dayOf(now) ? formats.time.format(date) : formats.date.format(date);
  }
  return formats[how].format(date);
}

/** @param {Date} date @param {Date} now */
function nameOfDay(date, now) {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayOf(date) === dayOf(now)) {
    return t("Today");
  }
  return dayOf(date) === dayOf(yesterday) ? t("Yesterday") : formats.day.format(date);
}

/**
 * Show `date` in a `<time>`, in the format that it asks for.
 * @param {HTMLTimeElement} element
 * @param {Date} date
 */
export function showTime(element, date) {
  element.dateTime = date.toISOString();
  element.textContent = format(date, /** @type {TimeFormat | undefined} */ (element.dataset.format) ?? "full");
  element.title = formats.full.format(date);
}

/** Every `<time>` of the page that the server wrote in UTC. */
export function localize() {
  for (const element of all(document, "time[datetime]", HTMLTimeElement)) {
    const moment = new Date(element.dateTime);
    // A day without a time is midnight UTC to Date, which is the day before for half of the world.
    if (element.dateTime.includes("T") && !Number.isNaN(moment.getTime())) {
      showTime(element, moment);
    }
  }
}
