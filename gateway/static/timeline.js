/** The timeline: the headings of days, and who goes on speaking; by the reader's own calendar. */

import { optional, required } from "./dom.js";
import { dayOf, format } from "./time_format.js";

const GROUP_MS = 5 * 60 * 1_000;

/** @param {HTMLElement} article */
function momentOf(article) {
  return new Date(required(article, "time", HTMLTimeElement).dateTime);
}

/**
 * Set what stands before `article`: a day's heading if a day begins, its sender if somebody else begins.
 * @param {HTMLElement} article
 */
export function arrange(article) {
  const { previous, isFirstUnread } = clearBefore(article);
  const moment = momentOf(article);
  const before = previous && momentOf(previous);
  const isNewDay = !before || dayOf(before) !== dayOf(moment);
  const continues =
    !isNewDay &&
    !isFirstUnread &&
    previous.dataset.sender === article.dataset.sender &&
    (optional(article, ".reply")?.hidden ?? true) &&
    moment.getTime() - before.getTime() < GROUP_MS;
  article.toggleAttribute("data-continued", continues);
  if (isNewDay) {
    article.before(headingOf(moment));
  }
}

/** Take old headings away: the article before, and whether the unread begin between. @param {HTMLElement} article */
function clearBefore(article) {
  let isFirstUnread = false;
  let previous = article.previousElementSibling;
  while (previous && !isArticle(previous)) {
    const one = previous;
    previous = one.previousElementSibling;
    isFirstUnread ||= one.matches(".unread-divider");
    if (one.matches(".day")) {
      one.remove();
    }
  }
  return { previous, isFirstUnread };
}

/** @param {Element} element @returns {element is HTMLElement} */
function isArticle(element) {
  return element.matches("article");
}

/** @param {Date} moment */
function headingOf(moment) {
  const time = document.createElement("time");
  time.dateTime = dayOf(moment);
  time.dataset.format = "day";
  time.textContent = format(moment, "day");
  const heading = document.createElement("h2");
  heading.className = "day";
  heading.append(time);
  return heading;
}
