/** Unsent messages in the log: on their way, or refused with a way out. */

import { closest, optional } from "./dom.js";
import { setFailure, setState } from "./message_view.js";
import { me } from "./people.js";

/** @import { Outbox, Unsent } from "./outbox.js" */

/** What of the outbox belongs to this conversation, shown below all else. */
export class UnsentMessages {
  #parts;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.log
   * @param {import("./message_list.js").MessageList} parts.list
   * @param {import("./scroll_position.js").ScrollPosition} parts.scroll
   * @param {Api.Label} parts.conversation
   * @param {Outbox} parts.outbox
   * @param {(item: import("./message_view.js").Shown) => HTMLElement} parts.makeArticle
   * @param {() => Promise<void>} parts.toPresent
   */
  constructor(parts) {
    const { log, list, scroll, conversation, outbox, toPresent } = parts;
    this.#parts = parts;
    this.showAll();
    outbox.onChange(async (entry) => {
      if (entry.conversation === conversation) {
        await (list.isPast && !entry.failure ? toPresent() : null);
        const now = outbox.list(conversation).find(({ nonce }) => nonce === entry.nonce);
        now && this.#show(now); // it may have been kept, or refused, meanwhile
        if (!entry.failure) {
          scroll.toEnd();
        }
      }
    });
    log.addEventListener("click", (event) => retryOrDiscard(event, outbox));
  }

  /** Where the newest messages are shown. */
  showAll() {
    const { list, outbox, conversation } = this.#parts;
    if (!list.isPast) {
      outbox.list(conversation).forEach((entry) => this.#show(entry));
    }
  }

  /** @param {Unsent} entry */
  #show(entry) {
    this.#parts.scroll.keep(() => {
      const article = this.#parts.list.findUnsent(entry.nonce) ?? this.#insert(entry);
      setState(article, entry.failure ? "failed" : "sending");
      setFailure(article, entry.failure ?? null);
    });
  }

  /** @param {Unsent} entry */
  #insert(entry) {
    const { list, makeArticle } = this.#parts;
    const article = makeArticle({ ...entry, sender_username: me, timestamp: new Date(entry.at_ms).toISOString() });
    article.dataset.nonce = entry.nonce;
    list.insert(article);
    return article;
  }
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
