/** The timeline: days, where the unread begins, and who goes on speaking; by the reader's own calendar. */

import { optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { dayOf, format } from "./time_format.js";

const GROUP_MS = 5 * 60 * 1_000;

/** @param {HTMLElement} article */
function momentOf(article) {
  return new Date(required(article, "time", HTMLTimeElement).dateTime);
}

/**
 * Set what stands before `article`: a line if a day or the unread begins, its sender if somebody else begins.
 * @param {HTMLElement} article
 */
export function arrange(article) {
  const { previous, lines } = whatIsBefore(article);
  const moment = momentOf(article);
  const before = previous && momentOf(previous);
  const isNewDay = !before || dayOf(before) !== dayOf(moment);
  const isFirstUnread = lines.some((line) => "new" in line.dataset);
  const continues =
    !isNewDay &&
    !isFirstUnread &&
    previous.dataset.sender === article.dataset.sender &&
    (optional(article, ".reply")?.hidden ?? true) &&
    moment.getTime() - before.getTime() < GROUP_MS;
  article.toggleAttribute("data-continued", continues);
  showLine(article, lines, isNewDay ? moment : null, isFirstUnread);
}

/** The unread begins with this message, and nowhere else. @param {HTMLElement} article */
export function beginUnread(article) {
  const old = optional(document, "#unread");
  const follower = old?.nextElementSibling;
  old?.remove();
  if (follower instanceof HTMLElement && isArticle(follower)) {
    arrange(follower);
  }
  article.before(lineOf(null, true));
  arrange(article);
}

/** The article before, and the lines between. @param {HTMLElement} article */
function whatIsBefore(article) {
  /** @type {HTMLElement[]} */
  const lines = [];
  let previous = article.previousElementSibling;
  while (previous && !isArticle(previous)) {
    if (previous instanceof HTMLElement && previous.matches(".day")) {
      lines.push(previous);
    }
    previous = previous.previousElementSibling;
  }
  return { previous, lines };
}

/** @param {Element} element @returns {element is HTMLElement} */
function isArticle(element) {
  return element.matches("article");
}

/**
 * One line, or none; what is right already is left alone.
 * @param {HTMLElement} article
 * @param {HTMLElement[]} lines that stand there
 * @param {Date | null} day
 * @param {boolean} isFirstUnread
 */
function showLine(article, lines, day, isFirstUnread) {
  const wanted = day || isFirstUnread ? lineOf(day, isFirstUnread) : null;
  if (lines.length === 1 && wanted?.isEqualNode(lines[0])) {
    return;
  }
  lines.forEach((line) => line.remove());
  if (wanted) {
    article.before(wanted);
  }
}

/** @param {Date | null} day @param {boolean} isFirstUnread */
function lineOf(day, isFirstUnread) {
  const line = document.createElement(day ? "h2" : "p");
  line.className = "day";
  if (isFirstUnread) {
    line.dataset.new = "";
    line.id = "unread";
  }
  if (day) {
    const time = document.createElement("time");
    time.dateTime = dayOf(day);
    time.dataset.format = "day";
    time.textContent = format(day, "day");
    line.append(time);
  }
  if (isFirstUnread) {
    const word = document.createElement("span");
    word.className = "new";
    word.textContent = t("New");
    line.append(word);
  }
  return line;
}
