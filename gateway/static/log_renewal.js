/** Renewal of the log: from the store, where more was missed than the socket tells, or another log has its name. */

import { required } from "./dom.js";
import { fetchHistory, fetchPage } from "./history.js";
import { takeOver } from "./surroundings.js";

export class LogRenewal {
  /** What comes meanwhile has to wait. */
  isUnderway = false;
  /** Surroundings and marks are those of a conversation that is no more. */
  #isAnother = false;
  #parts;

  /**
   * @param {object} parts
   * @param {Api.Label} parts.conversation
   * @param {import("./message_list.js").MessageList} parts.list
   * @param {import("./scroll_position.js").ScrollPosition} parts.scroll
   * @param {import("./history_loader.js").HistoryLoader} parts.history
   * @param {import("./read_marks.js").ReadMarks} parts.marks
   * @param {() => void} parts.done
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Begin anew; the reader stays where they are. @param {{isAnother?: boolean}} [why] */
  async begin({ isAnother = false } = {}) {
    this.#isAnother ||= isAnother;
    if (this.isUnderway) {
      return;
    }
    this.isUnderway = true;
    try {
      do {
        await this.#renew();
      } while (this.#isAnother);
    } catch {
      location.reload();
      return;
    }
    this.isUnderway = false;
    this.#parts.done();
  }

  async #renew() {
    const { conversation } = this.#parts;
    const place = this.#isAnother ? {} : this.#placeOfReader;
    if (this.#isAnother) {
      this.#isAnother = false;
      this.#surround(await fetchPage(conversation));
    }
    this.#show(await fetchHistory(conversation, place), place);
  }

  /** Take over what stands around the messages from a fresh page of this address. @param {Document} page */
  #surround(page) {
    const { dataset } = required(page, "main[data-conversation]");
    this.#parts.marks.reset(Number(dataset.readSeq ?? 0));
    takeOver(page);
  }

  /** @returns {import("./history.js").Place} */
  get #placeOfReader() {
    const { scroll } = this.#parts;
    const id = scroll.isAtEnd ? null : scroll.firstInView?.dataset.id;
    return id ? { around: id } : {};
  }

  /** @param {import("./history.js").Part} part @param {import("./history.js").Place} place */
  #show(part, { around }) {
    const { history, list, scroll } = this.#parts;
    const nonces = new Set(part.items.map((item) => item.nonce));
    const unsent = list.articles.filter((one) => !one.dataset.id && !nonces.has(one.dataset.nonce ?? null));
    history.showPart(part, part.after === null ? unsent : []);
    const viewed = around ? list.find(around) : null;
    viewed ? scroll.reveal(viewed, "start") : scroll.toEnd();
  }
}
