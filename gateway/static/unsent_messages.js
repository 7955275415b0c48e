/** Unsent messages in the log: on their way, or refused with a way out. */

import { closest, optional } from "./dom.js";
import { setFailure, setState } from "./message_view.js";
import { me } from "./people.js";

/** @import { Outbox, Unsent } from "./outbox.js" */

/**
 * Show what of the outbox belongs to this conversation, now and from now on.
 * @param {object} parts
 * @param {HTMLElement} parts.log
 * @param {import("./message_list.js").MessageList} parts.list
 * @param {import("./scroll_position.js").ScrollPosition} parts.scroll
 * @param {Api.Label} parts.conversation
 * @param {Outbox} parts.outbox
 * @param {(item: import("./message_view.js").Shown) => HTMLElement} parts.makeArticle
 */
export function showUnsent({ log, list, scroll, conversation, outbox, makeArticle }) {
  /** @param {Unsent} entry */
  const insert = (entry) => {
    const article = makeArticle({ ...entry, sender_username: me, timestamp: new Date(entry.at_ms).toISOString() });
    article.dataset.nonce = entry.nonce;
    list.insert(article);
    return article;
  };
  /** @param {Unsent} entry */
  const show = (entry) => {
    scroll.keep(() => {
      const article = list.findUnsent(entry.nonce) ?? insert(entry);
      setState(article, entry.failure ? "failed" : "sending");
      setFailure(article, entry.failure ?? null);
    });
    if (!entry.failure) {
      scroll.toEnd();
    }
  };
  if (!list.isPast) {
    outbox.list(conversation).forEach(show);
  }
  outbox.onChange((entry) => entry.conversation === conversation && show(entry));
  log.addEventListener("click", (event) => retryOrDiscard(event, outbox));
}

/** @param {Event} event @param {Outbox} outbox */
function retryOrDiscard(event, outbox) {
  const button = closest(event, '[data-action="retry"], [data-action="discard"]');
  const article = /** @type {HTMLElement | null | undefined} */ (button?.closest("article"));
  if (!article) {
    return;
  }
  const nonce = article.dataset.nonce ?? "";
  if (button?.dataset.action === "retry") {
    outbox.retry(nonce);
  } else {
    outbox.discard(nonce);
    article.remove();
  }
  optional(document, '#composer textarea[name="message"]')?.focus();
}
