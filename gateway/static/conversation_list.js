/** The list of conversations: by activity, with what was said last and how much of it is unread. */

import { isRoom } from "./conversation_label.js";
import { all, optional } from "./dom.js";
import { lineOf } from "./file_names.js";
import { me, nameOf } from "./people.js";
import { learnPresence } from "./presence.js";
import { showTime } from "./time_format.js";

export class ConversationList {
  #list;
  #open;
  #title = document.title;
  /** @type {Promise<void> | null} */
  #fetching = null;
  /**
   * What was said while the list was fetched: it may know, or not.
   * @type {{event: Api.Message, isForeign: boolean}[]}
   */
  #meanwhile = [];

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list
   * @param {Api.Label | null} parts.open the conversation that this page shows
   * @param {import("./connection.js").Connection} parts.connection
   */
  constructor({ list, open, connection }) {
    this.#list = list;
    this.#open = open;
    connection.on("message", (event) => this.#said(event, true));
    connection.on("sent", (event) => this.#said(event, false));
    connection.on("read", (event) => event.username === me && this.#read(event));
    connection.on("left", (event) => event.username === me && this.#find(event.conversation)?.remove());
    connection.on("closed", (event) => this.#find(event.conversation)?.remove());
    connection.on("joined", (event) => event.username === me && this.#adopt(event.conversation));
    connection.on("resumed", (event) => event.truncated.length && this.#refresh());
    connection.on("another", () => this.#refresh());
    this.#count();
    optional(list, "[aria-current=page]")?.scrollIntoView({ block: "nearest" });
  }

  /** Where this page stands in each. @returns {Map<Api.Label, number>} */
  get positions() {
    return new Map(this.#items.map((item) => [labelOf(item), lastSeqOf(item)]));
  }

  /** Which conversation each is. @returns {Map<Api.Label, string>} */
  get epochs() {
    const known = this.#items.filter((item) => item.dataset.epoch);
    return new Map(known.map((item) => [labelOf(item), item.dataset.epoch ?? ""]));
  }

  get #items() {
    return all(this.#list, "[data-conversation]");
  }

  /** @param {Api.Label} conversation */
  #find(conversation) {
    return this.#items.find((item) => labelOf(item) === conversation);
  }

  /** @param {Api.Message} event @param {boolean} isForeign */
  #said(event, isForeign) {
    const item = this.#find(event.conversation);
    if (this.#fetching) {
      this.#meanwhile.push({ event, isForeign });
    }
    if (!item) {
      this.#adopt(event.conversation);
      return;
    }
    if (event.seq <= lastSeqOf(item)) {
      return;
    }
    item.dataset.lastSeq = String(event.seq);
    this.#showLast(item, event);
    if (!isForeign) {
      this.#setUnread(item, 0);
    } else if (!event.deleted) {
      this.#setUnread(item, unreadOf(item) + 1);
    }
    this.#raise(item);
  }

  /** @param {HTMLElement} item @param {Api.Message} event */
  #showLast(item, event) {
    const last = optional(item, ".last");
    const text = lineOf(event);
    if (last) {
      last.textContent = isRoom(event.conversation) ? `${nameOf(event.sender_username)}: ${text}` : text;
    }
    showTime(item.querySelector("time") ?? newTime(item), new Date(event.timestamp));
  }

  /** To the top; the focus stays with whoever has it. @param {HTMLElement} item */
  #raise(item) {
    if (this.#list.firstElementChild === item) {
      return;
    }
    const active = document.activeElement;
    const focused = active instanceof HTMLElement && item.contains(active) ? active : null;
    this.#list.prepend(item);
    focused?.focus({ preventScroll: true });
  }

  /** @param {Api.Events["read"]} event */
  #read({ conversation, read_seq }) {
    const item = this.#find(conversation);
    if (item && read_seq >= lastSeqOf(item)) {
      this.#setUnread(item, 0);
    }
  }

  /** @param {HTMLElement} item @param {number} count */
  #setUnread(item, count) {
    item.dataset.unread = String(count);
    const badge = optional(item, ".unread");
    if (badge) {
      (badge.querySelector("span") ?? badge).textContent = count ? String(count) : "";
      badge.hidden = count === 0;
    }
    this.#count();
  }

  /** The title says how much is unread: `(3) Parley`. */
  #count() {
    const count = this.#items.reduce((sum, item) => sum + unreadOf(item), 0);
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
  }

  /** A conversation that the page does not know: the server knows how it is to look. @param {Api.Label} conversation */
  #adopt(conversation) {
    if (!this.#find(conversation)) {
      this.#refresh();
    }
  }

  #refresh() {
    this.#fetching ??= fetchList()
      .then((fresh) => this.#replace(fresh))
      .catch(() => {}) // the next event asks again
      .finally(() => {
        this.#fetching = null;
        this.#meanwhile.splice(0).forEach(({ event, isForeign }) => this.#said(event, isForeign));
      });
  }

  /** @param {HTMLElement | null} fresh */
  #replace(fresh) {
    if (!fresh) {
      return;
    }
    for (const item of all(fresh, "[data-conversation]")) {
      if (labelOf(item) === this.#open) {
        optional(item, ":scope > a")?.setAttribute("aria-current", "page");
      }
    }
    this.#list.hidden = false;
    this.#list.replaceChildren(...fresh.children);
    this.#list.parentElement?.querySelector(".empty")?.remove();
    for (const time of all(this.#list, "time[datetime]", HTMLTimeElement)) {
      showTime(time, new Date(time.dateTime));
    }
    learnPresence(this.#list);
    this.#count();
  }
}

/** @param {HTMLElement} item */
function labelOf(item) {
  return item.dataset.conversation ?? "";
}

/** @param {HTMLElement} item */
function lastSeqOf(item) {
  return Number(item.dataset.lastSeq ?? 0);
}

/** @param {HTMLElement} item */
function unreadOf(item) {
  return Number(item.dataset.unread || 0);
}

/** In a conversation where nothing had been said. @param {HTMLElement} item */
function newTime(item) {
  const time = document.createElement("time");
  time.dataset.format = "short";
  optional(item, ".name")?.after(time);
  return time;
}

async function fetchList() {
  const answer = await fetch("/", { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("conversations");
}
