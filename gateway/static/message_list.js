/** The articles of the log: each once, in the order of their places, below the headings of their days. */

import { all, closest, optional } from "./dom.js";
import { isOwnArticle, seqOf } from "./message_view.js";
import { arrange } from "./timeline.js";

/** What is further away than this is dropped, and loaded again when the reader comes back to it. */
const ARTICLES_MAX = 200;
const ARTICLES_KEPT = 150;

export class MessageList {
  #log;
  #scroller;
  #olderLink;
  #newerRow;

  /**
   * @param {HTMLElement} log
   * @param {HTMLElement} scroller
   */
  constructor(log, scroller) {
    this.#log = log;
    this.#scroller = scroller;
    this.#olderLink = optional(log, 'a[rel="prev"]', HTMLAnchorElement);
    this.#newerRow = optional(log, ".more-row");
    this.#newerRow?.querySelector("a:not([rel])")?.remove(); // the button to the newest is always in view
  }

  get articles() {
    return all(this.#log, ":scope > article");
  }

  get first() {
    return optional(this.#log, ":scope > article");
  }

  /** There are messages between the last that is shown and now. */
  get isPast() {
    return this.after !== null;
  }

  /**
   * Where scrolling did not load, the links at both ends ask again.
   * @param {{older: () => void, newer: () => void}} told
   */
  onLink({ older, newer }) {
    this.#log.addEventListener("click", (event) => {
      const link = closest(event, 'a[rel="prev"], a[rel="next"]');
      if (link) {
        event.preventDefault();
        link.matches('[rel="prev"]') ? older() : newer();
      }
    });
  }

  /** The id of the message before which there is more; null: the first of all is shown. */
  get before() {
    return this.#log.dataset.before ?? null;
  }

  /** @param {string | null} id */
  set before(id) {
    this.#setEnd("before", id, this.#olderLink, "afterbegin");
  }

  /** The id of the message after which there is more; null: the last of all is shown. */
  get after() {
    return this.#log.dataset.after ?? null;
  }

  /** @param {string | null} id */
  set after(id) {
    this.#setEnd("after", id, this.#newerRow, "beforeend");
  }

  /**
   * @param {"before" | "after"} side
   * @param {string | null} id
   * @param {HTMLElement | null} element what leads on there
   * @param {InsertPosition} place
   */
  #setEnd(side, id, element, place) {
    if (id === null) {
      delete this.#log.dataset[side];
      this.#keepFocus(() => element?.remove());
      return;
    }
    this.#log.dataset[side] = id;
    if (element) {
      (optional(element, "a[rel]", HTMLAnchorElement) ?? element).setAttribute("href", `?${side}=${id}`);
      this.#log.insertAdjacentElement(place, element);
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

  /** The last message of one's own that is there, or on its way. */
  lastOwn() {
    const isGone = (/** @type {HTMLElement} */ { dataset }) => "deleted" in dataset || dataset.state === "failed";
    return this.articles.findLast((one) => isOwnArticle(one) && !isGone(one));
  }

  /** Whether that place is above or below all that is shown, with more between. @param {number} seq */
  isOutside(seq) {
    const { first } = this;
    const isAbove = first !== null && seq < seqOf(first) && this.before !== null;
    const last = this.isPast ? optional(this.#log, ":scope > article:last-of-type") : null;
    return isAbove || (last !== null && seq > seqOf(last));
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

  /** Put newer ones below all others. @param {HTMLElement[]} articles */
  append(articles) {
    const place = this.#newerRow?.isConnected ? this.#newerRow : null;
    articles.forEach((article) => this.#log.insertBefore(article, place));
    articles.forEach(arrange);
  }

  /** Show these, and nothing else. @param {HTMLElement[]} articles */
  replace(articles) {
    this.#keepFocus(() => this.#log.replaceChildren(...articles));
    articles.forEach(arrange);
  }

  /**
   * A page that stays open for weeks does not grow for ever, nor does one on which somebody reads what was said long
   * ago: what is furthest away goes.
   * @param {() => HTMLElement | null} viewed what the reader sees of it, null for the last; asked for only if need be
   */
  trim(viewed) {
    if (this.#log.childElementCount <= ARTICLES_MAX) {
      return;
    }
    const articles = this.articles.filter((one) => one.dataset.id);
    const place = articles.indexOf(viewed() ?? articles[articles.length - 1]);
    const start = Math.max(0, Math.min(place - ARTICLES_KEPT / 2, articles.length - ARTICLES_KEPT));
    const kept = articles.slice(start, start + ARTICLES_KEPT);
    this.#keepFocus(() => {
      if (start > 0) {
        this.#dropBefore(kept[0]);
      }
      if (start + kept.length < articles.length) {
        this.#dropAfter(kept[kept.length - 1]);
      }
    });
  }

  /** @param {HTMLElement} first */
  #dropBefore(first) {
    while (first.previousElementSibling) {
      first.previousElementSibling.remove();
    }
    this.before = first.dataset.id ?? null;
    arrange(first);
  }

  /** @param {HTMLElement} last */
  #dropAfter(last) {
    while (last.nextElementSibling) {
      last.nextElementSibling.remove();
    }
    this.after = last.dataset.id ?? null;
  }

  /** Who was at what goes is still among the messages. @param {() => void} change */
  #keepFocus(change) {
    const had = this.#log.contains(document.activeElement);
    change();
    if (had && !this.#log.contains(document.activeElement)) {
      this.#scroller.focus({ preventScroll: true });
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
