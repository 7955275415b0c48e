/** Read marks: how far the other has read, and telling the service how far the reader has. */

import { targetOf } from "./conversation_label.js";
import { optional, required } from "./dom.js";
import { InView } from "./in_view.js";
import { isOwnArticle, seqOf, setState } from "./message_view.js";
import { me } from "./people.js";

export class ReadMarks {
  #main;
  #list;
  #connection;
  #inView;
  #counted;
  #otherSeq;
  /** How far the reader has seen. */
  #ownSeq;
  /** And how far of that the service has said it knows. */
  #knownSeq;
  #isTelling = false;
  /** The reader has marked something as unread: what is in view has not been seen, until they come anew. */
  #isPaused = false;
  /** The page was opened elsewhere than where the reader had come to: at what a search found, say. */
  #isApart = /[?&](around|before|after)=/.test(location.search);

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.main
   * @param {HTMLElement} parts.log
   * @param {import("./message_list.js").MessageList} parts.list
   * @param {import("./connection.js").Connection} parts.connection
   * @param {(unread: number) => void} parts.counted what the service says is left
   */
  constructor({ main, log, list, connection, counted }) {
    this.#main = main;
    this.#list = list;
    this.#connection = connection;
    this.#counted = counted;
    this.#otherSeq = Number(main.dataset.readSeq ?? 0);
    this.#ownSeq = this.#knownSeq = Number(main.dataset.ownReadSeq ?? 0);
    this.#inView = new InView(required(document, "#scroller"), log, () => this.tellSoon());
    connection.on("state", (state) => {
      if (state === "offline") {
        this.#ownSeq = this.#knownSeq; // what was told may have gone with the line
      }
      this.tellSoon();
    });
    connection.on("unread", ({ conversation, unread_seq, unread }) => {
      if (conversation === main.dataset.conversation) {
        this.#isPaused = unread_seq !== null;
        counted(unread);
      }
    });
    addEventListener("focus", () => this.tellSoon());
    document.addEventListener("visibilitychange", () => this.tellSoon());
  }

  /** Another conversation has taken the place of the one whose marks these were. @param {number} otherSeq */
  reset(otherSeq) {
    this.#otherSeq = otherSeq;
    this.#ownSeq = this.#knownSeq = 0;
  }

  /** The reader goes to the newest, and leaves out what is between. */
  leap() {
    this.#isApart = false;
  }

  /** Whether the other has read up to there. @param {number} seq */
  isRead(seq) {
    return seq <= this.#otherSeq;
  }

  /** Whether the reader has not seen that far. @param {number} seq */
  isNews(seq) {
    return seq > this.#ownSeq;
  }

  /** @param {Api.Events["read"]} event */
  hear({ username, read_seq, unread }) {
    if (username === me) {
      this.#isPaused = false;
      this.#knownSeq = Math.max(this.#knownSeq, read_seq);
      this.#ownSeq = Math.max(this.#ownSeq, read_seq);
      if (unread !== undefined) {
        this.#counted(unread);
      }
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
    this.showLastRead();
  }

  /** Only the last of one's own words that was read says so. */
  showLastRead() {
    const last = this.#list.articles.findLast((one) => isOwnArticle(one) && one.dataset.state === "read");
    const before = optional(document, "#log > [data-last-read]");
    if (before !== last) {
      before?.removeAttribute("data-last-read");
      last?.setAttribute("data-last-read", "");
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
    if (document.visibilityState !== "visible" || !document.hasFocus() || this.#isPaused || !this.#isNext) {
      return;
    }
    const others = this.#inView.articles.filter((one) => !isOwnArticle(one) && one.dataset.seq);
    const seq = Math.max(0, ...others.map(seqOf));
    if (seq > this.#ownSeq) {
      const target = targetOf(this.#main.dataset.conversation ?? "");
      if (this.#connection.send({ type: "read", ...target, seq })) {
        this.#ownSeq = seq;
      }
    }
  }

  /** What is shown goes on where the reader was, or they went to the newest: nothing else is left out by a mark. */
  get #isNext() {
    const { first, before, isPast } = this.#list;
    return before === null || (first !== null && seqOf(first) <= this.#ownSeq) || !(isPast || this.#isApart);
  }
}
