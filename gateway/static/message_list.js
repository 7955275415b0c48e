/** The articles of the log: each once, in the order of their places, below the headings of their days. */

import { all, optional } from "./dom.js";
import { isOwnArticle, seqOf } from "./message_view.js";
import { arrange } from "./timeline.js";

const ARTICLES_MAX = 600;
const ARTICLES_KEPT = 300;

export class MessageList {
  /** An old page of the history is shown, with a gap between it and now. */
  isPast;

  #log;
  #scroller;
  #olderLink;

  /**
   * @param {HTMLElement} log
   * @param {HTMLElement} scroller
   */
  constructor(log, scroller) {
    this.#log = log;
    this.#scroller = scroller;
    this.#olderLink = optional(log, 'a[rel="prev"]', HTMLAnchorElement);
    this.isPast = optional(log, 'a[rel="next"]') !== null;
  }

  get articles() {
    return all(this.#log, ":scope > article");
  }

  get first() {
    return optional(this.#log, ":scope > article");
  }

  /** The link for what is older, if there is any. */
  get olderLink() {
    return this.#olderLink;
  }

  /** The id of the message before which there is more; null: the first of all is shown. */
  get before() {
    return this.#log.dataset.before ?? null;
  }

  /** @param {string | null} id */
  set before(id) {
    const link = this.#olderLink;
    if (id === null) {
      delete this.#log.dataset.before;
      if (link === document.activeElement) {
        this.#scroller.focus();
      }
      link?.remove();
      return;
    }
    this.#log.dataset.before = id;
    if (link) {
      link.href = `?before=${id}`;
      this.#log.prepend(link);
    }
  }

  /** @param {string | number} id */
  find(id) {
    return document.getElementById(`message-${id}`);
  }

  /** One that is not known to be on disk yet. @param {string | null | undefined} nonce */
  findUnsent(nonce) {
    return nonce ? optional(this.#log, `:scope > [data-nonce="${CSS.escape(nonce)}"]:not([data-id])`) : null;
  }

  /** The last message of one's own that can be edited. */
  lastOwn() {
    return this.articles.findLast((one) => isOwnArticle(one) && one.dataset.id && !("deleted" in one.dataset));
  }

  /** Whether that place is above all that is shown, with more between. @param {number} seq */
  isAbove(seq) {
    const { first } = this;
    return first !== null && seq < seqOf(first) && this.before !== null;
  }

  /** Put it, or move it, where its `seq` says. @param {HTMLElement} article */
  insert(article) {
    optional(this.#log, ".empty-log")?.remove();
    const follower = this.#followerOf(article);
    const place = follower && withHeading(follower);
    if (!article.isConnected || (place !== article && article.nextElementSibling !== place)) {
      this.#log.insertBefore(article, place);
    }
    arrange(article);
    if (follower) {
      arrange(follower);
    }
  }

  /** Put older ones above all others. @param {HTMLElement[]} articles */
  prepend(articles) {
    const oldest = this.first;
    const place = oldest && withHeading(oldest);
    articles.forEach((article) => this.#log.insertBefore(article, place));
    articles.forEach(arrange);
    if (oldest) {
      arrange(oldest);
    }
  }

  /** Show these, and nothing else. @param {HTMLElement[]} articles */
  replace(articles) {
    this.#log.replaceChildren(...articles);
    articles.forEach(arrange);
  }

  /** A page that stays open for weeks does not grow for ever. */
  trim() {
    if (this.#log.childElementCount > ARTICLES_MAX) {
      const kept = this.articles.slice(-ARTICLES_KEPT);
      this.replace(kept);
      this.before = kept[0].dataset.id ?? null;
    }
  }

  /** What is changed until the next picture of the page is not read out. */
  beQuiet() {
    this.#log.ariaBusy = "true";
    requestAnimationFrame(() => (this.#log.ariaBusy = "false"));
  }

  /**
   * The first article that comes after this one, or null; looked for from the end, where it mostly is.
   * @param {HTMLElement} article
   */
  #followerOf(article) {
    /** @type {HTMLElement | null} */
    let follower = null;
    for (let one = this.#log.lastElementChild; one; one = one.previousElementSibling) {
      if (one instanceof HTMLElement && one.matches("article") && one !== article) {
        if (seqOf(one) <= seqOf(article)) {
          break;
        }
        follower = one;
      }
    }
    return follower;
  }
}

/** A day's heading belongs to the article after it. @param {HTMLElement} article */
function withHeading(article) {
  const before = article.previousElementSibling;
  return before?.matches(".day") ? before : article;
}

/**
 * One's own words are known to oneself, and reactions are no news: neither is read out.
 * @param {HTMLElement} article
 */
export function muteAnnouncements(article) {
  if (isOwnArticle(article)) {
    article.setAttribute("aria-live", "off");
  }
  optional(article, ".reactions")?.setAttribute("aria-live", "off");
}
