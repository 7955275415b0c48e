/** The log: the messages of the open conversation, each once and in the order of their places. */

import { identify, makeArticle, react, setDeleted, setEdited, setFailure, setState } from "./articles.js";
import { fetchHistory, fetchPage, PAGE_LENGTH } from "./history.js";
import { me } from "./people.js";
import { Scroll } from "./scroll.js";
import { arrange } from "./timeline.js";
import { placehold } from "./viewer.js";

const ARTICLES_MAX = 600;
const ARTICLES_KEPT = 300;
const SEARCH_PAGES_MAX = 5;
const SEARCH_PAGE_LENGTH = 200;

/** @param {HTMLElement} article */
const seqOf = (article) => Number(article.dataset.seq ?? Infinity);

export class Log {
  #main;
  #log;
  #scroll;
  #connection;
  #previous;
  #otherReadSeq;
  #ownReadSeq;
  #loading = null;
  /** What a resume tells, until it is done: many messages are one change of the page. @type {(() => void)[]} */
  #held = [];
  #isSeeing = false;
  /** Its surroundings and marks are those of a conversation that is no more. */
  #isAnother = false;
  /** What is shown is fetched anew: what comes meanwhile waits. */
  #isReloading = false;
  /** An old page of the history is shown, with a gap between it and now. */
  #isPast;

  constructor({ main, connection, outbox }) {
    this.#main = main;
    this.#log = document.getElementById("log");
    this.#connection = connection;
    this.#previous = this.#log.querySelector('a[rel="prev"]');
    this.#isPast = this.#log.querySelector('a[rel="next"]') !== null;
    this.#otherReadSeq = Number(main.dataset.readSeq ?? 0);
    this.#ownReadSeq = Number(main.dataset.ownReadSeq ?? 0);
    this.#scroll = new Scroll(document.getElementById("scroller"), {
      toPresent: () => this.#isPast && location.assign(location.pathname),
      moved: () => this.#moved(),
    });
    this.#adopt(outbox);
    this.#listen(connection, outbox);
    this.#moved();
  }

  get conversation() {
    return this.#main.dataset.conversation;
  }

  /** From where the socket is to tell again: all that is shown may have changed, or been read, since it was made. */
  get position() {
    const [first] = this.articles;
    return this.#isPast ? Number(this.#main.dataset.lastSeq ?? 0) : first?.dataset.seq ? seqOf(first) - 1 : 0;
  }

  /** @returns {HTMLElement[]} */
  get articles() {
    return [...this.#log.querySelectorAll(":scope > article")];
  }

  find(id) {
    return document.getElementById(`message-${id}`);
  }

  /** The last message of one's own that can be edited. */
  lastOwn() {
    return this.articles.findLast((one) => "own" in one.dataset && one.dataset.id && !("deleted" in one.dataset));
  }

  /** Show the message, and load what is older until it is there; false: it is too far back. */
  async reveal(id) {
    for (let page = 0; page < SEARCH_PAGES_MAX && !this.find(id) && this.#log.dataset.before; page += 1) {
      await this.#loadOlder(SEARCH_PAGE_LENGTH);
    }
    this.find(id)?.scrollIntoView({ block: "center" });
    return this.find(id) !== null;
  }

  // At the beginning

  #adopt(outbox) {
    this.#log.setAttribute("aria-relevant", "additions");
    this.articles.forEach((article) => {
      arrange(article);
      quieten(article);
      if (article.dataset.nonce) {
        outbox.discard(article.dataset.nonce);
      }
      for (const tool of article.querySelectorAll(".tools [data-action]")) {
        tool.setAttribute("role", "button");
      }
    });
    placehold(this.#log);
    this.#previous?.addEventListener("click", (event) => {
      event.preventDefault();
      this.#loadOlder();
    });
    if (!this.#isPast) {
      outbox.list(this.conversation).forEach((entry) => this.#showUnsent(entry));
    }
    if (location.hash) {
      document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" });
    }
  }

  #listen(connection, outbox) {
    const here = (handler) => (event) => {
      if (event.conversation === this.conversation) {
        this.#held.push(() => handler(event));
        if (connection.state === "online" && !this.#isReloading) {
          this.#release();
        }
      }
    };
    const change = (handler) =>
      here((event) => {
        const article = this.find(event.id);
        if (article) {
          this.#scroll.keep(() => handler(article, event));
        }
      });
    connection.on("message", here((event) => this.#add(event)));
    connection.on("sent", here((event) => this.#add(event)));
    connection.on("edited", change((article, event) => setEdited(article, event.message)));
    connection.on("deleted", change((article) => setDeleted(article)));
    connection.on("reaction", change((article, event) => react(article, event)));
    connection.on("read", here((event) => this.#hearRead(event)));
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
    connection.on("state", (state) => state === "online" && this.#markSeen());
    outbox.onChange((entry) => entry.conversation === this.conversation && this.#showUnsent(entry));
    this.#log.addEventListener("click", (event) => this.#unsentClicked(event, outbox));
    addEventListener("focus", () => this.#markSeen());
    document.addEventListener("visibilitychange", () => this.#markSeen());
  }

  #release() {
    const held = this.#held.splice(0);
    if (held.length > 0) {
      this.#scroll.keep(() => held.forEach((change) => change()));
    }
  }

  // Messages

  #add(item) {
    const known = this.find(item.id);
    const article = known ?? this.#findUnsent(item.nonce) ?? this.#make(item);
    if (!known && !this.#place(article, item)) {
      return;
    }
    if (item.edited_at || item.deleted) {
      identify(article, item);
    }
    if (item.sender_username === me) {
      setFailure(article, null);
      const isRead = item.seq <= this.#otherReadSeq;
      setState(article, isRead ? "read" : item.delivered ? "delivered" : "sent");
    }
    this.#markSeen();
  }

  #findUnsent(nonce) {
    return nonce ? this.#log.querySelector(`:scope > [data-nonce="${CSS.escape(nonce)}"]:not([data-id])`) : null;
  }

  #make(item) {
    const mayDelete = "owner" in this.#main.dataset;
    const article = makeArticle(item, { mayDelete, quoted: (id) => this.find(id) });
    quieten(article);
    return article;
  }

  /** Put it where its `seq` says; false: that is not on this page. */
  #place(article, item) {
    const first = this.#log.querySelector(":scope > article");
    if (this.#isPast || (first && item.seq < seqOf(first) && this.#log.dataset.before)) {
      article.remove();
      this.#scroll.tellOfNews();
      return false;
    }
    const isForeign = item.sender_username !== me;
    this.#scroll.keep(() => {
      identify(article, item);
      this.#insert(article);
    }, { isNews: isForeign });
    this.#trim();
    return true;
  }

  #insert(article) {
    this.#log.querySelector(".empty-log")?.remove();
    const follower = this.#followerOf(article);
    const before = follower?.previousElementSibling;
    // A day's heading belongs to the article after it.
    const place = before?.matches(".day") ? before : follower;
    if (!article.isConnected || (place !== article && article.nextElementSibling !== place)) {
      this.#log.insertBefore(article, place);
    }
    arrange(article);
    if (follower) {
      arrange(follower);
    }
  }

  /** The first article that comes after this one, or null; looked for from the end, where it mostly is. */
  #followerOf(article) {
    let follower = null;
    for (let one = this.#log.lastElementChild; one; one = one.previousElementSibling) {
      if (one.matches("article") && one !== article) {
        if (seqOf(one) <= seqOf(article)) {
          break;
        }
        follower = one;
      }
    }
    return follower;
  }

  #showUnsent(entry) {
    const state = entry.failure ? "failed" : "sending";
    let article = this.#findUnsent(entry.nonce);
    this.#scroll.keep(() => {
      if (!article) {
        const timestamp = new Date(entry.at_ms).toISOString();
        article = this.#make({ ...entry, sender_username: me, timestamp });
        article.dataset.nonce = entry.nonce;
        this.#insert(article);
      }
      setState(article, state);
      setFailure(article, entry.failure);
    });
    if (!entry.failure) {
      this.#scroll.toEnd();
    }
  }

  #unsentClicked(event, outbox) {
    const action = event.target.closest('[data-action="retry"], [data-action="discard"]');
    const article = action?.closest("article");
    if (!article) {
      return;
    }
    if (action.dataset.action === "retry") {
      outbox.retry(article.dataset.nonce);
    } else {
      outbox.discard(article.dataset.nonce);
      article.remove();
    }
    document.querySelector('#composer textarea[name="message"]')?.focus();
  }

  #hearRead({ username, read_seq }) {
    if (username === me) {
      this.#ownReadSeq = Math.max(this.#ownReadSeq, read_seq);
      return;
    }
    if (!this.#main.dataset.other) {
      return;
    }
    this.#otherReadSeq = Math.max(this.#otherReadSeq, read_seq);
    for (const article of this.articles) {
      if ("own" in article.dataset && article.dataset.id && seqOf(article) <= this.#otherReadSeq) {
        setState(article, "read");
      }
    }
  }

  /** Tell what of the others' words is in view of somebody who looks; soon, once for all that comes together. */
  #markSeen() {
    if (!this.#isSeeing) {
      this.#isSeeing = true;
      setTimeout(() => {
        this.#isSeeing = false;
        this.#tellSeen();
      });
    }
  }

  #tellSeen() {
    if (document.visibilityState !== "visible" || !document.hasFocus() || this.#isPast) {
      return;
    }
    const end = this.#scroll.bottom;
    const seen = this.articles.findLast(
      (one) => !("own" in one.dataset) && one.dataset.seq && one.getBoundingClientRect().top < end,
    );
    const seq = seen ? seqOf(seen) : 0;
    if (seq > this.#ownReadSeq) {
      const name = this.conversation.slice(1);
      const target = this.conversation.startsWith("#") ? { room: name } : { to: name };
      if (this.#connection.send({ type: "read", ...target, seq })) {
        this.#ownReadSeq = seq;
      }
    }
  }

  // History

  #moved() {
    this.#markSeen();
    if (this.#scroll.isNearStart) {
      this.#loadOlder();
    }
  }

  /** One page more, above; the view stays where it is. */
  #loadOlder(limit = PAGE_LENGTH) {
    if (!this.#log.dataset.before) {
      return null;
    }
    this.#loading ??= this.#fetchOlder(limit).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #fetchOlder(limit) {
    let items;
    try {
      items = await fetchHistory(this.conversation, this.#log.dataset.before, limit);
    } catch {
      return; // the next scroll, or the link, asks again
    }
    this.#log.ariaBusy = "true";
    // Places are counted from the end: what is put above moves nothing.
    const oldest = this.articles[0];
    const made = items.filter((item) => !this.find(item.id)).map((item) => this.#fromHistory(item));
    const place = oldest?.previousElementSibling?.matches(".day") ? oldest.previousElementSibling : oldest;
    made.forEach((article) => this.#log.insertBefore(article, place ?? null));
    made.forEach(arrange);
    if (oldest) {
      arrange(oldest);
    }
    this.#begin(items.length < limit ? null : items[0].id);
    requestAnimationFrame(() => (this.#log.ariaBusy = "false"));
    if (items.length === limit && this.#scroll.isNearStart) {
      setTimeout(() => this.#loadOlder());
    }
  }

  /** A message as the history tells it. */
  #fromHistory(item) {
    const article = this.#make(item);
    if (item.sender_username === me) {
      setState(article, item.seq <= this.#otherReadSeq ? "read" : "sent");
    }
    return article;
  }

  /** What is shown begins with the message of this id; null: with the first of all. */
  #begin(before) {
    const link = this.#previous;
    if (before === null) {
      delete this.#log.dataset.before;
      if (link === document.activeElement) {
        this.#scroll.focus();
      }
      link?.remove();
      return;
    }
    this.#log.dataset.before = before;
    if (link) {
      link.href = `?before=${before}`;
      this.#log.prepend(link);
    }
  }

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
          this.#renew(await fetchPage());
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

  /** Take over what stands around the messages from a fresh page of this address. */
  #renew(page) {
    const { dataset } = page.querySelector("main[data-conversation]");
    this.#main.toggleAttribute("data-owner", "owner" in dataset);
    this.#otherReadSeq = Number(dataset.readSeq ?? 0);
    this.#ownReadSeq = 0;
    for (const part of ["main .titles", "#details"]) {
      document.querySelector(part)?.replaceWith(page.querySelector(part));
    }
  }

  #show(items) {
    this.#log.ariaBusy = "true";
    const shown = new Set(items.map((item) => item.nonce));
    const unsent = this.articles.filter((one) => !one.dataset.id && !shown.has(one.dataset.nonce));
    const articles = items.map((item) => this.#fromHistory(item));
    this.#log.replaceChildren(...articles, ...unsent);
    [...articles, ...unsent].forEach(arrange);
    this.#begin(items.length < PAGE_LENGTH ? null : items[0].id);
    this.#isPast = false;
    this.#scroll.toEnd();
    this.#markSeen();
    requestAnimationFrame(() => (this.#log.ariaBusy = "false"));
  }

  /** A page that stays open for weeks does not grow for ever. */
  #trim() {
    if (this.#log.childElementCount <= ARTICLES_MAX || !this.#scroll.isAtEnd) {
      return;
    }
    const kept = this.articles.slice(-ARTICLES_KEPT);
    this.#log.replaceChildren(...kept);
    kept.forEach(arrange);
    this.#begin(kept[0].dataset.id);
  }
}

/** One's own words are known to oneself, and reactions are no news: neither is read out. */
function quieten(article) {
  if ("own" in article.dataset) {
    article.setAttribute("aria-live", "off");
  }
  article.querySelector(".reactions")?.setAttribute("aria-live", "off");
}
