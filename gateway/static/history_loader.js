/** Messages above and below those that are shown, a page at a time; or those around another one. */

import { fetchHistory } from "./history.js";

const SEARCH_PAGE_LENGTH = 100;
/** Less than the id of any message. */
const BEGINNING = "0";
/** What is laid out in one go, in which neither keys nor clicks are answered. */
const SCROLLED_LENGTH = 25;

export class HistoryLoader {
  #list;
  #scroll;
  #conversation;
  #makeArticle;
  #loaded;
  /** @type {Promise<void> | null} */
  #loading = null;

  /**
   * @param {object} parts
   * @param {import("./message_list.js").MessageList} parts.list
   * @param {import("./scroll_position.js").ScrollPosition} parts.scroll
   * @param {Api.Label} parts.conversation
   * @param {(item: Api.Message) => HTMLElement} parts.makeArticle
   * @param {(hasWorked: boolean) => void} parts.loaded
   */
  constructor({ list, scroll, conversation, makeArticle, loaded }) {
    this.#list = list;
    this.#scroll = scroll;
    this.#conversation = conversation;
    this.#makeArticle = makeArticle;
    this.#loaded = loaded;
    list.onLink({ older: () => this.loadOlder(), newer: () => this.loadNewer() });
  }

  /** What changes meanwhile may not be known to what is on its way. */
  get isLoading() {
    return this.#loading !== null;
  }

  /** One page more; the view stays where it is. Whoever asks meanwhile waits for the same page. */
  async loadOlder(limit = SCROLLED_LENGTH) {
    const { before } = this.#list;
    if (before !== null) {
      await this.#once(async () => {
        const part = await fetchHistory(this.#conversation, { before }, limit);
        this.#list.beQuiet();
        // Places are counted from the end: what is put above moves nothing.
        this.#list.prepend(this.#articlesOf(part.items));
        this.#list.before = part.before;
        this.#trim();
      });
    }
  }

  /** The same, at the other end. */
  async loadNewer() {
    const { after } = this.#list;
    if (after !== null) {
      await this.#once(async () => {
        const part = await fetchHistory(this.#conversation, { after }, SCROLLED_LENGTH);
        this.#list.beQuiet();
        this.#scroll.keep(() => {
          this.#list.append(this.#articlesOf(part.items));
          this.#list.after = part.after;
        });
        this.#trim();
      });
    }
  }

  /**
   * Load until the message is there, among what is shown or in its stead.
   * @param {number} id
   * @returns {Promise<HTMLElement | null>} null: there is none
   */
  async loadUntil(id) {
    if (!this.#list.find(id)) {
      await this.loadOlder(SEARCH_PAGE_LENGTH);
    }
    if (!this.#list.find(id)) {
      await this.replace({ around: String(id) }, (part) => part.items.some((item) => item.id === id));
    }
    return this.#list.find(id);
  }

  /** The first messages of all instead of those that are shown, unless they are. */
  async toStart() {
    if (this.#list.before !== null) {
      await this.replace({ after: BEGINNING });
    }
  }

  /** The newest ones. */
  async toEnd() {
    await this.replace({});
  }

  /**
   * Show what is there instead of all that is shown.
   * @param {import("./history.js").Place} place
   * @param {(part: import("./history.js").Part) => boolean} [isWanted]
   */
  async replace(place, isWanted = () => true) {
    while (this.#loading) {
      await this.#loading;
    }
    await this.#once(async () => {
      const part = await fetchHistory(this.#conversation, place);
      if (isWanted(part)) {
        this.showPart(part);
        this.#scroll.toEnd();
      }
    });
  }

  /** Show this, and nothing else. @param {import("./history.js").Part} part @param {HTMLElement[]} more */
  showPart({ items, before, after }, more = []) {
    this.#list.beQuiet();
    this.#list.replace([...items.map(this.#makeArticle), ...more]);
    this.#list.before = before;
    this.#list.after = after;
  }

  /** @param {Api.Message[]} items */
  #articlesOf(items) {
    return items.filter((item) => !this.#list.find(item.id)).map(this.#makeArticle);
  }

  #trim() {
    this.#scroll.keep(() => this.#list.trim(() => this.#scroll.firstInView));
  }

  /** @param {() => Promise<void>} load */
  async #once(load) {
    const loaded = (/** @type {boolean} */ hasWorked) => {
      this.#loading = null;
      this.#loaded(hasWorked); // if not, the next scroll, or the link, asks again
    };
    this.#loading ??= load().then(
      () => loaded(true),
      () => loaded(false),
    );
    await this.#loading;
  }
}
