/** The list of conversations: by activity, with what was said last and how much of it is unread. */

import { me, nameOf } from "./people.js";
import { learnPresence } from "./presence.js";
import { showTime } from "./times.js";
import { t } from "./words.js";

export class Conversations {
  #list;
  #open;
  #title = document.title;
  #fetching = null;
  /** What was said while the list was fetched: it may know, or not. */
  #meanwhile = [];

  /** `open` is the conversation that this page shows, or null. */
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
    list.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest" });
  }

  /** Where this page stands in each. @returns {Map<string, number>} */
  get positions() {
    return new Map(this.#items.map((item) => [item.dataset.conversation, Number(item.dataset.lastSeq ?? 0)]));
  }

  /** Which conversation each is. @returns {Map<string, string>} */
  get epochs() {
    const known = this.#items.filter((item) => item.dataset.epoch);
    return new Map(known.map((item) => [item.dataset.conversation, item.dataset.epoch]));
  }

  get #items() {
    return [...this.#list.querySelectorAll("[data-conversation]")];
  }

  #find(conversation) {
    return this.#items.find((item) => item.dataset.conversation === conversation);
  }

  #said(event, isForeign) {
    const item = this.#find(event.conversation);
    if (this.#fetching) {
      this.#meanwhile.push([event, isForeign]);
    }
    if (!item) {
      this.#adopt(event.conversation);
      return;
    }
    if (event.seq <= Number(item.dataset.lastSeq ?? 0)) {
      return;
    }
    item.dataset.lastSeq = event.seq;
    this.#showLast(item, event);
    this.#setUnread(item, isForeign && !event.deleted ? Number(item.dataset.unread || 0) + 1 : isForeign ? null : 0);
    this.#raise(item);
  }

  #showLast(item, event) {
    const last = item.querySelector(".last");
    const text = event.message || (event.attachments?.length ? t("Picture") : "");
    if (last) {
      const isRoom = event.conversation.startsWith("#");
      last.textContent = isRoom ? `${nameOf(event.sender_username)}: ${text}` : text;
    }
    showTime(item.querySelector("time") ?? newTime(item), new Date(event.timestamp));
  }

  /** To the top; the focus stays with whoever has it. */
  #raise(item) {
    if (this.#list.firstElementChild === item) {
      return;
    }
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    this.#list.prepend(item);
    focused?.focus({ preventScroll: true });
  }

  #read({ conversation, read_seq }) {
    const item = this.#find(conversation);
    if (item && read_seq >= Number(item.dataset.lastSeq ?? 0)) {
      this.#setUnread(item, 0);
    }
  }

  /** `count` null: as it is. */
  #setUnread(item, count) {
    if (count === null) {
      return;
    }
    item.dataset.unread = count;
    const badge = item.querySelector(".unread");
    if (badge) {
      (badge.querySelector("span") ?? badge).textContent = count || "";
      badge.hidden = count === 0;
    }
    this.#count();
  }

  /** The title says how much is unread: `(3) Parley`. */
  #count() {
    const count = this.#items.reduce((sum, item) => sum + Number(item.dataset.unread || 0), 0);
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
  }

  /** A conversation that the page does not know: the server knows how it is to look. */
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
        this.#meanwhile.splice(0).forEach(([event, isForeign]) => this.#said(event, isForeign));
      });
  }

  #replace(fresh) {
    if (!fresh) {
      return;
    }
    for (const link of fresh.querySelectorAll("[data-conversation] > a")) {
      if (link.parentElement.dataset.conversation === this.#open) {
        link.setAttribute("aria-current", "page");
      }
    }
    this.#list.hidden = false;
    this.#list.replaceChildren(...fresh.children);
    this.#list.parentElement.querySelector(".empty")?.remove();
    for (const time of this.#list.querySelectorAll("time[datetime]")) {
      showTime(time, new Date(time.dateTime));
    }
    learnPresence(this.#list);
    this.#count();
  }
}

/** In a conversation where nothing had been said. */
function newTime(item) {
  const time = document.createElement("time");
  time.dataset.format = "short";
  item.querySelector(".name").after(time);
  return time;
}

async function fetchList() {
  const answer = await fetch("/", { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("conversations");
}
