/** Read marks: how far the other has read, and telling the service how far the reader has. */

import { targetOf } from "./conversation_label.js";
import { isOwnArticle, seqOf, setState } from "./message_view.js";
import { me } from "./people.js";

export class ReadMarks {
  #main;
  #list;
  #scroll;
  #connection;
  #otherSeq;
  #ownSeq;
  #isTelling = false;
  /** The reader has marked something as unread: what is in view has not been seen, until they come anew. */
  #isPaused = false;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.main
   * @param {import("./message_list.js").MessageList} parts.list
   * @param {import("./scroll_position.js").ScrollPosition} parts.scroll
   * @param {import("./connection.js").Connection} parts.connection
   */
  constructor({ main, list, scroll, connection }) {
    this.#main = main;
    this.#list = list;
    this.#scroll = scroll;
    this.#connection = connection;
    this.#otherSeq = Number(main.dataset.readSeq ?? 0);
    this.#ownSeq = Number(main.dataset.ownReadSeq ?? 0);
    connection.on("state", (state) => state === "online" && this.tellSoon());
    connection.on("unread", ({ conversation, unread_seq }) => {
      this.#isPaused = conversation === main.dataset.conversation ? unread_seq !== null : this.#isPaused;
    });
    addEventListener("focus", () => this.tellSoon());
    document.addEventListener("visibilitychange", () => this.tellSoon());
  }

  /** Another conversation has taken the place of the one whose marks these were. @param {number} otherSeq */
  reset(otherSeq) {
    this.#otherSeq = otherSeq;
    this.#ownSeq = 0;
  }

  /** Whether the other has read up to there. @param {number} seq */
  isRead(seq) {
    return seq <= this.#otherSeq;
  }

  /** @param {Api.Events["read"]} event */
  hear({ username, read_seq }) {
    if (username === me) {
      this.#isPaused = false;
      this.#ownSeq = Math.max(this.#ownSeq, read_seq);
      return;
    }
    if (!this.#main.dataset.other) {
      return;
    }
    this.#otherSeq = Math.max(this.#otherSeq, read_seq);
    for (const article of this.#list.articles) {
      if (isOwnArticle(article) && article.dataset.id && this.isRead(seqOf(article))) {
        setState(article, "read");
      }
    }
  }

  /** Tell what of the others' words is in view of somebody who looks; once for all that comes together. */
  tellSoon() {
    if (!this.#isTelling) {
      this.#isTelling = true;
      setTimeout(() => {
        this.#isTelling = false;
        this.#tell();
      });
    }
  }

  #tell() {
    if (document.visibilityState !== "visible" || !document.hasFocus() || this.#list.isPast || this.#isPaused) {
      return;
    }
    const end = this.#scroll.bottom;
    const seen = this.#list.articles.findLast(
      (one) => !isOwnArticle(one) && one.dataset.seq && one.getBoundingClientRect().top < end,
    );
    const seq = seen ? seqOf(seen) : 0;
    if (seq > this.#ownSeq) {
      const target = targetOf(this.#main.dataset.conversation ?? "");
      if (this.#connection.send({ type: "read", ...target, seq })) {
        this.#ownSeq = seq;
      }
    }
  }
}
