/** The log: the messages of the open conversation, and what becomes of them. */

import { MessageList, muteAnnouncements } from "./message_list.js";
import { all, required } from "./dom.js";
import { fetchHistory, fetchPage, PAGE_LENGTH } from "./history.js";
import { HistoryLoader } from "./history_loader.js";
import { bringToLife } from "./markup.js";
import { identify, makeArticle, seqOf, setCards, setDeleted, setEdited, setFailure, setState } from "./message_view.js";
import { reviewMessage } from "./live_moderation.js";
import { me } from "./people.js";
import { placehold } from "./placeholders.js";
import { showReaction } from "./reactions.js";
import { ReadMarks } from "./read_marks.js";
import { ScrollPosition } from "./scroll_position.js";
import { takeOver } from "./surroundings.js";
import { arrange } from "./timeline.js";
import { showUnsent } from "./unsent_messages.js";

/** @import { Connection } from "./connection.js" */
/** @import { Outbox } from "./outbox.js" */

export class MessageLog {
  #main;
  #log;
  #list;
  #scroll;
  #history;
  #marks;
  /** What a resume tells, until it is done: many messages are one change of the page. @type {(() => void)[]} */
  #held = [];
  /** Its surroundings and marks are those of a conversation that is no more. */
  #isAnother = false;
  /** What is shown is fetched anew: what comes meanwhile waits. */
  #isReloading = false;

  /** @param {{main: HTMLElement, connection: Connection, outbox: Outbox}} parts */
  constructor({ main, connection, outbox }) {
    this.#main = main;
    this.#log = required(document, "#log");
    const scroller = required(document, "#scroller");
    this.#list = new MessageList(this.#log, scroller);
    this.#scroll = new ScrollPosition(scroller, {
      toPresent: () => this.#list.isPast && location.assign(location.pathname),
      moved: () => this.#moved(),
    });
    this.#marks = new ReadMarks({ main, list: this.#list, scroll: this.#scroll, connection });
    this.#history = new HistoryLoader({
      list: this.#list,
      scroll: this.#scroll,
      conversation: this.conversation,
      makeArticle: (item) => this.#fromHistory(item),
    });
    this.#adopt(outbox);
    showUnsent({
      log: this.#log,
      list: this.#list,
      scroll: this.#scroll,
      conversation: this.conversation,
      outbox,
      makeArticle: (item) => this.#make(item),
    });
    this.#revealAddressed();
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

  /** The last message of one's own that can be edited. */
  lastOwn() {
    return this.#list.lastOwn();
  }

  /** Show the message, and load what is older until it is there; false: it is too far back. @param {number} id */
  async reveal(id) {
    const article = await this.#history.loadUntil(id);
    article?.scrollIntoView({ block: "center" });
    return article !== null;
  }

  // At the beginning

  /** @param {Outbox} outbox */
  #adopt(outbox) {
    this.#log.setAttribute("aria-relevant", "additions");
    for (const article of this.#list.articles) {
      arrange(article);
      bringToLife(required(article, ".text"));
      muteAnnouncements(article);
      if (article.dataset.nonce) {
        outbox.discard(article.dataset.nonce);
      }
      for (const tool of all(article, ".tools [data-action]")) {
        tool.setAttribute("role", "button");
      }
    }
    placehold(this.#log);
  }

  /** The address may name a message. */
  #revealAddressed() {
    document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" }); // none is called ""
  }

  /** @param {Connection} connection */
  #listen(connection) {
    connection.on("resumed", (event) => {
      if (event.truncated.includes(this.conversation)) {
        this.#held = [];
        this.#reload();
      } else if (!this.#isReloading) {
        this.#release();
      }
    });
    connection.on("another", (conversation) => {
      if (conversation === this.conversation) {
        this.#isAnother = true;
        this.#reload();
      }
    });
  }

  /** @param {Connection} connection */
  #listenToChanges(connection) {
    this.#hear(connection, "message", (event) => this.#add(event));
    this.#hear(connection, "sent", (event) => this.#add(event));
    this.#hear(connection, "read", (event) => this.#marks.hear(event));
    this.#hear(connection, "cards", ({ id, cards }) => setCards(this.find(id), cards, this.#scroll));
    this.#hearChange(connection, "edited", (article, event) => setEdited(article, event));
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
        this.#held.push(() => handler(event));
        if (connection.state === "online" && !this.#isReloading) {
          this.#release();
        }
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
        this.#scroll.keep(() => handler(article, event));
      }
      this.#log.dispatchEvent(new CustomEvent("changed", { detail: event })); // copies of it follow
    });
  }

  #release() {
    const held = this.#held.splice(0);
    if (held.length > 0) {
      this.#scroll.keep(() => held.forEach((change) => change()));
    }
  }

  #moved() {
    this.#marks.tellSoon();
    if (this.#scroll.isNearStart) {
      this.#history.load();
    }
  }

  // Messages

  /** @param {Api.Message} item */
  #add(item) {
    const known = this.find(item.id);
    const article = known ?? this.#list.findUnsent(item.nonce) ?? this.#make(item);
    if (!known && !this.#place(article, item)) {
      return;
    }
    if (item.edited_at || item.deleted) {
      identify(article, item);
    }
    if (item.sender_username === me) {
      setFailure(article, null);
      setState(article, this.#marks.isRead(item.seq) ? "read" : item.delivered ? "delivered" : "sent");
    }
    this.#marks.tellSoon();
  }

  /** @param {import("./message_view.js").Shown} item */
  #make(item) {
    const article = makeArticle(item, (id) => this.find(id));
    reviewMessage(article, this.conversation);
    muteAnnouncements(article);
    return article;
  }

  /** A message as the history tells it. @param {Api.Message} item */
  #fromHistory(item) {
    const article = this.#make(item);
    if (item.sender_username === me) {
      setState(article, this.#marks.isRead(item.seq) ? "read" : "sent");
    }
    return article;
  }

  /**
   * Put it where its `seq` says; false: that is not on this page.
   * @param {HTMLElement} article
   * @param {Api.Message} item
   */
  #place(article, item) {
    if (this.#list.isPast || this.#list.isAbove(item.seq)) {
      article.remove();
      this.#scroll.tellOfNews();
      return false;
    }
    const place = () => {
      identify(article, item);
      this.#list.insert(article);
    };
    this.#scroll.keep(place, { isNews: item.sender_username !== me });
    if (this.#scroll.isAtEnd) {
      this.#list.trim();
    }
    return true;
  }

  // Anew

  /** More was missed than the socket tells: begin anew from the store. What comes meanwhile follows. */
  async #reload() {
    if (this.#isReloading) {
      return;
    }
    this.#isReloading = true;
    try {
      do {
        if (this.#isAnother) {
          this.#isAnother = false;
          this.#renew(await fetchPage(this.conversation));
        }
        this.#show(await fetchHistory(this.conversation));
      } while (this.#isAnother);
    } catch {
      location.reload();
      return;
    }
    this.#isReloading = false;
    this.#release();
  }

  /** Take over what stands around the messages from a fresh page of this address. @param {Document} page */
  #renew(page) {
    const { dataset } = required(page, "main[data-conversation]");
    this.#marks.reset(Number(dataset.readSeq ?? 0));
    takeOver(page);
  }

  /** @param {Api.Message[]} items */
  #show(items) {
    this.#list.beQuiet();
    const nonces = new Set(items.map((item) => item.nonce));
    const unsent = this.#list.articles.filter((one) => !one.dataset.id && !nonces.has(one.dataset.nonce ?? null));
    this.#list.replace([...items.map((item) => this.#fromHistory(item)), ...unsent]);
    this.#list.before = items.length < PAGE_LENGTH ? null : String(items[0].id);
    this.#list.isPast = false;
    this.#scroll.toEnd();
    this.#marks.tellSoon();
  }
}
