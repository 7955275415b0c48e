/** The log: the messages of the open conversation, and what becomes of them. */

import { adopt, ArticleMaker, update } from "./article_maker.js";
import { ChangeQueue } from "./change_queue.js";
import { optional, required } from "./dom.js";
import { fold } from "./folding.js";
import { HistoryLoader } from "./history_loader.js";
import { LogRenewal } from "./log_renewal.js";
import { MessageList } from "./message_list.js";
import { seqOf, setCards, setDeleted, setEdited, setFailure, setState } from "./message_view.js";
import { NewsButton } from "./news_button.js";
import { me } from "./people.js";
import { placehold } from "./placeholders.js";
import { showReaction } from "./reactions.js";
import { ReadMarks } from "./read_marks.js";
import { countReply, uncountReply } from "./reply_counts.js";
import { ScrollPosition } from "./scroll_position.js";
import { arrange } from "./timeline.js";
import { UnsentMessages } from "./unsent_messages.js";

/** @import { Connection } from "./connection.js" */
/** @import { Outbox } from "./outbox.js" */

export class MessageLog {
  #main;
  #log;
  #list;
  #scroll;
  #history;
  #marks;
  #maker;
  #news;
  #unsent;
  #changes;
  #renewal;

  /** @param {{main: HTMLElement, connection: Connection, outbox: Outbox}} parts */
  constructor({ main, connection, outbox }) {
    this.#main = main;
    this.#log = required(document, "#log");
    const scroller = required(document, "#scroller");
    this.#list = new MessageList(this.#log, scroller);
    this.#scroll = new ScrollPosition(scroller, { isPast: () => this.#list.isPast, moved: () => this.#moved() });
    this.#news = new NewsButton(scroller, () => this.#goToPresent());
    this.#news.count = Number(main.dataset.unread ?? 0);
    this.#changes = new ChangeQueue({
      isHeld: () => connection.state !== "online" || this.#renewal.isUnderway || this.#history.isLoading,
      carryOut: (changes) => this.#carryOut(changes),
    });
    const shared = { list: this.#list, scroll: this.#scroll, conversation: this.conversation };
    this.#history = new HistoryLoader({
      ...shared,
      makeArticle: (item) => this.#maker.fromHistory(item),
      loaded: (hasWorked) => this.#loaded(hasWorked),
    });
    this.#maker = new ArticleMaker({
      conversation: this.conversation,
      find: (id) => this.find(id),
      isRead: (seq) => this.#marks.isRead(seq),
    });
    const counted = (/** @type {number} */ unread) => (this.#news.count = unread);
    this.#marks = new ReadMarks({ main, log: this.#log, list: this.#list, connection, counted });
    const parts = { history: this.#history, marks: this.#marks, done: () => this.#loaded(true) };
    this.#renewal = new LogRenewal({ ...shared, ...parts });
    this.#adopt(outbox);
    this.#unsent = new UnsentMessages({
      ...shared,
      log: this.#log,
      outbox,
      makeArticle: (item) => this.#maker.make(item),
      toPresent: () => this.#history.toEnd(),
    });
    this.#begin();
    this.#listen(connection);
    this.#listenToChanges(connection);
    this.#moved();
  }

  get conversation() {
    return this.#main.dataset.conversation ?? "";
  }

  /** From where the socket is to tell again: all that is shown may have changed, or been read, since it was made. */
  get position() {
    const { first, isPast } = this.#list;
    return isPast ? Number(this.#main.dataset.lastSeq ?? 0) : first?.dataset.seq ? seqOf(first) - 1 : 0;
  }

  /** @param {string | number} id */
  find(id) {
    return this.#list.find(id);
  }

  /** The last message of one's own that is there, or on its way; known only where the newest are shown. */
  lastOwn() {
    return this.#list.isPast ? undefined : this.#list.lastOwn();
  }

  /** What leads to its ends. */
  get ends() {
    return {
      loadOlder: () => this.#history.loadOlder(),
      toStart: () => this.#history.toStart(),
      toEnd: () => this.#goToEnd(),
    };
  }

  /** Show the message, and load what is around it if need be; false: there is none. @param {number} id */
  async reveal(id) {
    const article = await this.#history.loadUntil(id);
    if (article) {
      this.#scroll.reveal(article, "center");
    }
    return article !== null;
  }

  // At the beginning

  /** @param {Outbox} outbox */
  #adopt(outbox) {
    this.#log.setAttribute("aria-relevant", "additions");
    for (const article of this.#list.articles) {
      arrange(article);
      adopt(article);
      if (article.dataset.nonce) {
        outbox.discard(article.dataset.nonce);
      }
    }
    placehold(this.#log);
  }

  /** Where the address leads, or where the unread begins; at the end if all of that is in view. */
  #begin() {
    const addressed = document.getElementById(location.hash.slice(1)); // none is called ""
    const unread = optional(document, "#unread");
    if (addressed && this.#log.contains(addressed)) {
      this.#scroll.reveal(addressed, addressed === unread ? "start" : "center");
    } else if (unread && (this.#list.isPast || this.#scroll.isAboveView(unread))) {
      this.#scroll.reveal(unread, "start");
    }
  }

  /** @param {Connection} connection */
  #listen(connection) {
    connection.on("resumed", (event) => {
      if (event.truncated.includes(this.conversation)) {
        this.#changes.clear();
        this.#renewal.begin();
      }
    });
    connection.on("state", () => this.#changes.flush());
    connection.on("another", (conversation) => {
      if (conversation === this.conversation) {
        this.#renewal.begin({ isAnother: true });
      }
    });
  }

  /** @param {Connection} connection */
  #listenToChanges(connection) {
    this.#hear(connection, "message", (event) => this.#add(event));
    this.#hear(connection, "sent", (event) => this.#add(event));
    this.#hear(connection, "read", (event) => this.#marks.hear(event));
    this.#hear(connection, "cards", ({ id, cards }) => setCards(this.find(id), cards, this.#scroll));
    this.#hear(connection, "deleted", uncountReply);
    this.#hearChange(connection, "edited", (article, event) => {
      setEdited(article, event);
      fold(article);
    });
    this.#hearChange(connection, "deleted", (article) => setDeleted(article));
    this.#hearChange(connection, "reaction", (article, event) => showReaction(article, event));
  }

  /**
   * Events of this conversation, once they may change the page.
   * @template {"message" | "sent" | "read" | "edited" | "deleted" | "cards" | "reaction"} Type
   * @param {Connection} connection
   * @param {Type} type
   * @param {(event: Api.Events[Type]) => void} handler
   */
  #hear(connection, type, handler) {
    connection.on(type, (event) => {
      if (event.conversation === this.conversation) {
        this.#changes.push(() => handler(event));
      }
    });
  }

  /**
   * Events about a message that is shown.
   * @template {"edited" | "deleted" | "reaction"} Type
   * @param {Connection} connection
   * @param {Type} type
   * @param {(article: HTMLElement, event: Api.Events[Type]) => void} handler
   */
  #hearChange(connection, type, handler) {
    this.#hear(connection, type, (event) => {
      const article = this.find(event.id);
      if (article) {
        handler(article, event);
      }
      this.#log.dispatchEvent(new CustomEvent("changed", { detail: event })); // copies of it follow
    });
  }

  /** @param {() => void} changes */
  #carryOut(changes) {
    this.#scroll.keep(() => {
      changes();
      this.#list.trim(() => (this.#scroll.isAtEnd ? null : this.#scroll.firstInView));
    });
    this.#showNews();
  }

  #moved() {
    this.#marks.tellSoon();
    this.#showNews();
    if (this.#scroll.isNearStart) {
      this.#history.loadOlder();
    } else if (this.#scroll.isNearBottom) {
      this.#history.loadNewer();
    }
  }

  /** @param {boolean} hasWorked */
  #loaded(hasWorked) {
    this.#marks.showLastRead();
    if (!this.#list.isPast) {
      this.#unsent.showAll();
    }
    this.#changes.flush();
    hasWorked && this.#moved();
  }

  #showNews() {
    this.#news.show({ isAtEnd: this.#scroll.isAtEnd, isPast: this.#list.isPast });
  }

  // Messages

  /** @param {Api.Message} item */
  #add(item) {
    countReply(item);
    const known = this.find(item.id);
    const article = known ?? this.#list.findUnsent(item.nonce) ?? this.#maker.make(item);
    if (!known) {
      this.#count(item);
    }
    if (!known && !this.#place(article, item)) {
      return;
    }
    if (item.edited_at || item.deleted) {
      update(article, item);
    }
    if (item.sender_username === me) {
      setFailure(article, null);
      setState(article, this.#marks.isRead(item.seq) ? "read" : item.delivered ? "delivered" : "sent");
    }
  }

  /** How much is new. Who has said something has seen what came before. @param {Api.Message} item */
  #count({ seq, sender_username, deleted }) {
    if (sender_username === me) {
      this.#news.count = 0;
    } else if (!deleted && this.#marks.isNews(seq)) {
      this.#news.count += 1;
    }
  }

  /**
   * Put it where its `seq` says; false: that is not on this page.
   * @param {HTMLElement} article
   * @param {Api.Message} item
   */
  #place(article, item) {
    if (this.#list.isOutside(item.seq)) {
      article.remove();
      return false;
    }
    update(article, item);
    this.#list.insert(article);
    return true;
  }

  // Anew

  async #goToPresent() {
    await this.#goToEnd({ smoothly: true });
    optional(document, '#composer textarea[name="message"]')?.focus();
  }

  async #goToEnd(how = {}) {
    this.#marks.leap();
    if (this.#list.isPast) {
      await this.#history.toEnd();
    } else {
      this.#scroll.toEnd(how);
    }
  }
}
