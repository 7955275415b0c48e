/** Quotes in the log: each says what the message that it answers says now. */

import { all } from "./dom.js";
import { t } from "./i18n.js";
import { quoteOf, quoteFrom } from "./message_view.js";

/** @param {HTMLElement} log */
export function wireQuotes(log) {
  // What is answered may come later than the answer: from an older page, or with all that was missed.
  new MutationObserver(() => all(log, "a.reply:not([hidden])", HTMLAnchorElement).forEach(refresh)).observe(log, {
    childList: true,
  });
  log.addEventListener("changed", (event) => follow(log, /** @type {CustomEvent<Api.MessageChange>} */ (event).detail));
}

/** @param {HTMLElement} log @param {Api.MessageChange} change */
function follow(log, change) {
  if (change.type === "reaction") {
    return;
  }
  for (const link of all(log, `a.reply[href="#message-${change.id}"]`, HTMLAnchorElement)) {
    if (!refresh(link)) {
      const isGone = change.type === "deleted";
      say(link, isGone ? t("This message was deleted.") : quoteFrom(change.username, change.message));
    }
  }
}

/** From the message that it answers; false: that is not on this page. @param {HTMLAnchorElement} link */
function refresh(link) {
  const original = document.getElementById(link.hash.slice(1));
  if (original) {
    say(link, quoteOf(original));
  }
  return original !== null;
}

/** @param {HTMLAnchorElement} link @param {string} text */
function say(link, text) {
  if (link.textContent !== text) {
    link.textContent = text;
  }
}
