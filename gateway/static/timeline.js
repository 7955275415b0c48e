/** The timeline: the headings of days, and who goes on speaking; by the reader's own calendar. */

import { dayOf, format } from "./times.js";

const GROUP_MS = 5 * 60 * 1_000;

function momentOf(article) {
  return new Date(article.querySelector("time").dateTime);
}

/** Set what stands before `article`: a day's heading if a day begins, its sender if somebody else begins. */
export function arrange(article) {
  const { previous, isFirstUnread } = clearBefore(article);
  const moment = momentOf(article);
  const before = previous && momentOf(previous);
  const isNewDay = !before || dayOf(before) !== dayOf(moment);
  const continues =
    !isNewDay &&
    !isFirstUnread &&
    previous.dataset.sender === article.dataset.sender &&
    (article.querySelector(".reply")?.hidden ?? true) &&
    moment - before < GROUP_MS;
  article.toggleAttribute("data-continued", continues);
  if (isNewDay) {
    article.before(headingOf(moment));
  }
}

/** Take old headings away: the article before, and whether the unread begin between. */
function clearBefore(article) {
  let isFirstUnread = false;
  let previous = article.previousElementSibling;
  while (previous && !previous.matches("article")) {
    const one = previous;
    previous = one.previousElementSibling;
    isFirstUnread ||= one.matches(".unread-divider");
    if (one.matches(".day")) {
      one.remove();
    }
  }
  return { previous, isFirstUnread };
}

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
