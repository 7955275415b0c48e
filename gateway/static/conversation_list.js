/** The list of conversations: by activity, with what was said last and how much of it is unread. */

import { showCount } from "./badges.js";
import { isRoom } from "./conversation_label.js";
import { all, optional } from "./dom.js";
import { lineOf } from "./file_names.js";
import { t } from "./i18n.js";
import { isCalled } from "./notifications.js";
import { fetchInBackground } from "./page_fetching.js";
import { me, nameOf } from "./people.js";
import { learnPresence } from "./presence.js";
import { countSections, focusedIn, foldSections, wireSectionFolding } from "./section_folding.js";
import { preview } from "./texts.js";
import { showTime } from "./time_format.js";

const REFRESH_MS_MIN = 250; // so that what comes together is asked for once,
const REFRESH_MS_SPREAD = 750; // and all members of a room do not ask in the same moment
const ANSWER_MS_SPREAD = 5_000;

export class ConversationList {
  #list;
  #open;
  #title = document.title.replace(/^\(\d+\) /, "");
  #isRefreshingSoon = false;
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
    connection.on("read", (event) => {
      if (event.username === me) {
        this.#find(event.conversation)?.removeAttribute("data-marked");
        this.#counted(event);
      }
    });
    connection.on("unread", (event) => {
      this.#find(event.conversation)?.toggleAttribute("data-marked", event.unread_seq !== null);
      this.#counted(event);
    });
    connection.on("edited", (event) => this.#edited(event));
    connection.on("deleted", (event) => this.#deleted(event));
    connection.on("notifications", () => this.#refreshSoon());
    connection.on("room_changed", (event) => this.#news(event) && this.#refreshSoon()); // it may stand elsewhere now
    connection.on("left", (event) => event.username === me && this.#remove(event.conversation));
    connection.on("closed", (event) => this.#remove(event.conversation));
    connection.on("joined", (event) => event.username === me && this.#adopt(event.conversation));
    connection.on("resumed", (event) => event.truncated.length && this.#refresh());
    connection.on("another", () => this.#refresh());
    wireSectionFolding(list);
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
    item.dataset.lastId = String(event.id);
    this.#showLast(item, event);
    if (!isForeign && "marked" in item.dataset) {
      this.#refreshSoon(); // what was marked as unread stays so
    } else if (!isForeign) {
      this.#setCounts(item, { unread: 0, mentions: 0 });
    } else if (!event.deleted) {
      const mentions = Number(item.dataset.mentions || 0) + Number(isCalled(event));
      this.#setCounts(item, { unread: unreadOf(item) + 1, mentions });
      if (event.reply_to && !isCalled(event) && document.visibilityState === "visible") {
        this.#refreshSoon(ANSWER_MS_SPREAD); // it may be the reader whom it answers
      }
    }
    this.#raise(item);
  }

  /** The service has counted; an older one says nothing. @param {{conversation: string} & Partial<Api.Counts>} event */
  #counted({ conversation, unread, mentions = 0 }) {
    const item = this.#find(conversation);
    if (unread === undefined) {
      this.#refreshSoon();
    } else if (item) {
      this.#setCounts(item, { unread, mentions });
    }
  }

  /** @param {Api.Events["edited"]} event */
  #edited(event) {
    const item = this.#news(event);
    if (item?.dataset.lastId === String(event.id)) {
      this.#showText(item, event.username, preview(event.message));
    }
    if (item && (unreadOf(item) > 0 || !item.dataset.lastId)) {
      this.#refreshSoon(); // it may have been the last, or mention the reader now
    }
  }

  /** @param {Api.Events["deleted"]} event */
  #deleted(event) {
    const item = this.#news(event);
    if (item && (unreadOf(item) > 0 || (item.dataset.lastId ?? String(event.id)) === String(event.id))) {
      this.#refreshSoon();
    }
  }

  /** The conversation, if it knows nothing of this yet. @param {Api.Change} event */
  #news({ conversation, seq }) {
    const item = this.#find(conversation);
    if (!item || seq <= lastSeqOf(item)) {
      return null;
    }
    item.dataset.lastSeq = String(seq);
    return item;
  }

  /** @param {HTMLElement} item @param {Api.Message} event */
  #showLast(item, event) {
    this.#showText(item, event.sender_username, lineOf(event));
    showTime(item.querySelector("time") ?? newTime(item), new Date(event.timestamp));
  }

  /** @param {HTMLElement} item @param {string} sender @param {string} text */
  #showText(item, sender, text) {
    const said = isRoom(labelOf(item)) ? `${nameOf(sender)}: ${text}` : text;
    for (const last of all(item, ".last")) {
      last.textContent = sender === me ? t("You: %(text)s", { text }) : said;
    }
  }

  /** @param {Api.Label} conversation */
  #remove(conversation) {
    this.#find(conversation)?.remove();
    this.#count();
  }

  /** A person to the top, rooms keep their places; the focus stays with whoever has it. @param {HTMLElement} item */
  #raise(item) {
    if (isRoom(labelOf(item)) || !item.previousElementSibling) {
      return;
    }
    const active = document.activeElement;
    const focused = active instanceof HTMLElement && item.contains(active) ? active : null;
    item.parentElement?.prepend(item);
    focused?.focus({ preventScroll: true });
  }

  /** @param {HTMLElement} item @param {Api.Counts} counts */
  #setCounts(item, { unread, mentions }) {
    item.dataset.unread = String(unread);
    item.dataset.mentions = String(mentions);
    showCount(optional(item, ".unread"), unread);
    showCount(optional(item, ".mentions"), mentions);
    this.#count();
  }

  /** The title says how much is unread, `(3) Parley`, but for what is muted; the inbox, who was called. */
  #count() {
    const loud = this.#items.filter((item) => !("muted" in item.dataset));
    const count = loud.reduce((sum, item) => sum + unreadOf(item), 0);
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
    const mentions = this.#items.reduce((sum, item) => sum + Number(item.dataset.mentions || 0), 0);
    for (const badge of all(document, ":is(.to-mentions, .tabs-bar) .mentions")) {
      showCount(badge, mentions);
    }
    countSections(this.#list);
  }

  /** A conversation that the page does not know: the server knows how it is to look. @param {Api.Label} conversation */
  #adopt(conversation) {
    if (!this.#find(conversation)) {
      this.#refresh();
    }
  }

  /** Counts and last words are the server's: ask for them, once for all that comes together. */
  #refreshSoon(spreadMs = REFRESH_MS_SPREAD) {
    if (this.#isRefreshingSoon) {
      return;
    }
    this.#isRefreshingSoon = true;
    setTimeout(() => {
      this.#isRefreshingSoon = false;
      if (this.#fetching) {
        this.#refreshSoon(); // what is on its way may be of before
      } else {
        this.#refresh();
      }
    }, REFRESH_MS_MIN + Math.random() * spreadMs);
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
    const focused = focusedIn(this.#list);
    foldSections(fresh);
    this.#list.replaceChildren(...fresh.children);
    for (const time of all(this.#list, "time[datetime]", HTMLTimeElement)) {
      showTime(time, new Date(time.dateTime));
    }
    learnPresence(this.#list);
    this.#count();
    if (focused) {
      optional(this.#list, focused)?.focus({ preventScroll: true });
    }
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
  const { page } = await fetchInBackground("/you"); // the page that costs the least
  return page.getElementById("conversations");
}
