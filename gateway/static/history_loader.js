/** Older messages, a page at a time, above those that are shown. */

import { fetchHistory, PAGE_LENGTH } from "./history.js";

const SEARCH_PAGES_MAX = 5;
const SEARCH_PAGE_LENGTH = 200;

export class HistoryLoader {
  #list;
  #scroll;
  #conversation;
  #makeArticle;
  /** @type {Promise<void> | null} */
  #loading = null;

  /**
   * @param {object} parts
   * @param {import("./message_list.js").MessageList} parts.list
   * @param {import("./scroll_position.js").ScrollPosition} parts.scroll
   * @param {Api.Label} parts.conversation
   * @param {(item: Api.Message) => HTMLElement} parts.makeArticle
   */
  constructor({ list, scroll, conversation, makeArticle }) {
    this.#list = list;
    this.#scroll = scroll;
    this.#conversation = conversation;
    this.#makeArticle = makeArticle;
    list.olderLink?.addEventListener("click", (event) => {
      event.preventDefault();
      this.load();
    });
  }

  /** One page more; the view stays where it is. Whoever asks meanwhile waits for the same page. */
  async load(limit = PAGE_LENGTH) {
    if (this.#list.before !== null) {
      this.#loading ??= this.#fetch(limit).finally(() => (this.#loading = null));
      await this.#loading;
    }
  }

  /**
   * Load until the message is there.
   * @param {number} id
   * @returns {Promise<HTMLElement | null>} null: it is too far back
   */
  async loadUntil(id) {
    for (let page = 0; page < SEARCH_PAGES_MAX && !this.#list.find(id) && this.#list.before !== null; page += 1) {
      await this.load(SEARCH_PAGE_LENGTH);
    }
    return this.#list.find(id);
  }

  /** @param {number} limit */
  async #fetch(limit) {
    let items;
    try {
      items = await fetchHistory(this.#conversation, this.#list.before, limit);
    } catch {
      return; // the next scroll, or the link, asks again
    }
    this.#list.beQuiet();
    // Places are counted from the end: what is put above moves nothing.
    this.#list.prepend(items.filter((item) => !this.#list.find(item.id)).map(this.#makeArticle));
    this.#list.before = items.length < limit ? null : String(items[0].id);
    if (items.length === limit && this.#scroll.isNearStart) {
      setTimeout(() => this.load());
    }
  }
}
