/** Moderation while a conversation is open: its forms leave the page where it is, and what others do is seen. */

import { sendForm } from "./background_form.js";
import { isRoom } from "./conversation_label.js";
import { all, closest, optional, required } from "./dom.js";
import { setCollapsed } from "./collapsing.js";
import { fetchPage } from "./history.js";
import { isOwnArticle, senderOf } from "./message_view.js";
import { isBlocked, isNews, learnBlocked, moderates, setBlocked, setRole } from "./moderation.js";
import { me } from "./people.js";
import { takeOver } from "./surroundings.js";

/** @import { Connection } from "./connection.js" */
/** @import { WritingLimits } from "./writing_limits.js" */

const REFRESH_MS_MIN = 1_000;

export class LiveModeration {
  #conversation;
  #log;
  #limits;
  #isRefreshing = false;
  #isStale = false;

  /** @param {{main: HTMLElement, log: HTMLElement, connection: Connection, limits: WritingLimits}} parts */
  constructor({ main, log, connection, limits }) {
    this.#conversation = main.dataset.conversation ?? "";
    this.#log = log;
    this.#limits = limits;
    document.addEventListener("submit", (event) => this.#submitted(event));
    this.#listenToRoom(connection);
    this.#listenToBlocks(connection);
  }

  // What others do

  /** @param {Connection} connection */
  #listenToRoom(connection) {
    this.#hear(connection, "role", ({ username, role }) => {
      setRole(username, role);
      this.#review();
      return username === me;
    });
    this.#hear(connection, "room_changed", ({ topic }) => {
      const line = optional(document, "main .topic");
      if (line && topic) {
        line.textContent = topic;
      }
    });
    this.#hear(connection, "left", () => {});
    this.#hear(connection, "joined", () => {});
    this.#hear(connection, "timed_out", () => {});
  }

  /**
   * Who keeps order sees it in the details at once; others where the handler says that they have to.
   * @template {"role" | "room_changed" | "left" | "joined" | "timed_out"} Type
   * @param {Connection} connection
   * @param {Type} type
   * @param {(event: Api.Events[Type]) => boolean | void} handler
   */
  #hear(connection, type, handler) {
    connection.on(type, (event) => {
      if (event.conversation === this.#conversation && isNews(event)) {
        const concernsReader = handler(event);
        if (moderates() || concernsReader) {
          this.#refresh();
        }
      }
    });
  }

  /** @param {Connection} connection */
  #listenToBlocks(connection) {
    connection.on("blocked", ({ username, blocked }) => {
      setBlocked(username, blocked);
      this.#review();
      if (this.#conversation === `@${username}`) {
        this.#refresh();
      }
    });
    let hasBeenHere = false;
    connection.on("resumed", () => {
      if (hasBeenHere) {
        this.#askForBlocks(); // which are not told twice
      }
      hasBeenHere = true;
    });
  }

  async #askForBlocks() {
    try {
      const answer = await fetch("/api/blocks", { cache: "no-store" });
      if (answer.ok) {
        learnBlocked((await answer.json()).map((/** @type {{username: string}} */ one) => one.username));
        this.#review();
      }
    } catch {
      // The next connection asks again.
    }
  }

  /** Look at each message anew: whether it is collapsed. */
  #review() {
    for (const article of all(this.#log, ":scope > article")) {
      reviewMessage(article, this.#conversation);
    }
  }

  /** The details as they are now, at most once a second. */
  async #refresh() {
    if (this.#isRefreshing) {
      this.#isStale = true;
      return;
    }
    this.#isRefreshing = true;
    try {
      this.#takeOver(await fetchPage(this.#conversation), { isRefresh: true });
    } catch {
      // It is refused to who is no longer here; else the next event asks again.
    }
    setTimeout(() => {
      this.#isRefreshing = false;
      if (this.#isStale) {
        this.#isStale = false;
        this.#refresh();
      }
    }, REFRESH_MS_MIN);
  }

  /** @param {Document} page @param {{isRefresh?: boolean}} [how] */
  #takeOver(page, how) {
    takeOver(page, how);
    this.#limits.show();
    this.#review();
  }

  // What the reader does

  /** @param {SubmitEvent} event */
  async #submitted(event) {
    const form = closest(event, "#details form[data-live]");
    if (!(form instanceof HTMLFormElement)) {
      return;
    }
    event.preventDefault();
    const answer = await sendForm(form, event.submitter);
    if (answer && !optional(answer.page, "#details")) {
      location.reload(); // signed out, say, or the room is gone
    } else if (answer) {
      this.#takeOver(answer.page);
      showOutcome(answer.page);
    }
  }
}

/**
 * What of a message depends on who said it, and on who reads.
 * @param {HTMLElement} article
 * @param {Api.Label} conversation
 */
export function reviewMessage(article, conversation) {
  const sender = senderOf(article);
  setCollapsed(article, isRoom(conversation) && !isOwnArticle(article) && isBlocked(sender));
}

/** What was done, or why not, where the form was. @param {Document} page */
function showOutcome(page) {
  const line = optional(page, "main > .banner, main > .notice");
  if (line) {
    required(document, "#details .close").after(line);
    line.scrollIntoView({ block: "nearest" }); // the form may have been far below
  }
}
