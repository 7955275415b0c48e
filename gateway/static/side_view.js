/** The side view: what is pinned, or what answers a message, in the place of the people beside the messages. */

import { all, closest, optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { fetchInBackground } from "./page_fetching.js";
import { loadStyle } from "./styles.js";
import { showTime } from "./time_format.js";

/** @import { Connection } from "./connection.js" */
/** @import { MessageLog } from "./message_log.js" */

/** `url` is the page that shows the same without scripts.
 * @typedef {{url: string, opener: HTMLElement, log: MessageLog, connection: Connection}} Parts
 */

const STYLE = new URL("./side_view.css", import.meta.url);
const isBeside = matchMedia("(min-width: 72rem)");

/** @type {SideView | null} */
let present = null;

/** Or close it, where this one is open. @param {Parts} parts */
export async function toggleSideView(parts) {
  if (present?.url === parts.url) {
    present.close();
  } else {
    await openSideView(parts);
  }
}

/** @param {Parts} parts */
export async function openSideView(parts) {
  present?.leave();
  const view = new SideView(parts);
  present = view;
  await view.show();
}

class SideView {
  url;
  #element = document.createElement("aside");
  #body = document.createElement("div");
  #heading = document.createElement("h2");
  #opener;
  #log;
  #isLoading = false;
  #isStale = false;

  /** @param {Parts} parts */
  constructor({ url, opener, log, connection }) {
    this.url = url;
    this.#opener = opener;
    this.#log = log;
    this.#element.id = "side-view";
    this.#heading.id = "side-view-heading";
    this.#heading.tabIndex = -1;
    this.#element.setAttribute("aria-labelledby", this.#heading.id);
    const head = document.createElement("header");
    const close = document.createElement("button");
    close.type = "button";
    close.className = "icon-button";
    close.dataset.icon = "close";
    close.title = close.ariaLabel = t("Close");
    close.addEventListener("click", () => this.close());
    head.append(this.#heading, close);
    this.#element.append(head, this.#body);
    this.#element.addEventListener("click", (event) => this.#clicked(event));
    this.#element.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    this.#listen(connection);
  }

  async show() {
    await Promise.all([loadStyle(STYLE), this.#load()]);
    if (present === this) {
      this.#opener.ariaExpanded = this.#opener.matches("a") ? "true" : null;
      document.body.append(this.#element);
      this.#heading.focus();
    }
  }

  /** Give the place to another. */
  leave() {
    present = present === this ? null : present;
    this.#opener.ariaExpanded = null;
    this.#element.remove();
  }

  close() {
    const hadFocus = this.#element.contains(document.activeElement);
    this.leave();
    if (hadFocus) {
      this.#opener.focus();
    }
  }

  /** @param {Connection} connection */
  #listen(connection) {
    const pinsAreShown = this.url.endsWith("/pins");
    const isShown = (/** @type {number} */ id) => optional(this.#body, `[data-id="${id}"]`) !== null;
    const refreshIf = (/** @type {Api.Label} */ conversation, /** @type {boolean} */ concerns) => {
      if (present === this && conversation === this.#log.conversation && concerns) {
        this.#load();
      }
    };
    for (const type of /** @type {const} */ (["pinned", "unpinned"])) {
      connection.on(type, ({ conversation }) => refreshIf(conversation, pinsAreShown));
    }
    for (const type of /** @type {const} */ (["edited", "deleted"])) {
      connection.on(type, ({ conversation, id }) => refreshIf(conversation, isShown(id)));
    }
    for (const type of /** @type {const} */ (["message", "sent"])) {
      const answers = (/** @type {Api.Message} */ { reply_to }) => this.url.endsWith(`/m/${reply_to}/replies`);
      connection.on(type, (event) => refreshIf(event.conversation, answers(event)));
    }
  }

  /** As the page has it now; what comes meanwhile is asked for once more. */
  async #load() {
    if (this.#isLoading) {
      this.#isStale = true;
      return;
    }
    this.#isLoading = true;
    do {
      this.#isStale = false;
      await this.#fetch();
    } while (this.#isStale);
    this.#isLoading = false;
  }

  async #fetch() {
    try {
      const { page } = await fetchInBackground(this.url);
      this.#heading.textContent = optional(page, "h1")?.textContent ?? "";
      const list = required(page, ".side-messages");
      all(list, "time[datetime]", HTMLTimeElement).forEach((time) => showTime(time, new Date(time.dateTime)));
      this.#body.replaceChildren(list);
    } catch {
      if (!this.#body.firstElementChild) {
        this.#body.textContent = t("You are offline. Try again in a moment.");
      }
    }
  }

  /** To the message in its place. @param {Event} event */
  async #clicked(event) {
    const id = closest(event, "[data-id]")?.dataset.id;
    const link = closest(event, "a");
    if (!id || !(link instanceof HTMLAnchorElement)) {
      return;
    }
    event.preventDefault();
    if (!isBeside.matches) {
      this.close();
    }
    if (await this.#log.reveal(Number(id))) {
      location.replace(`#message-${id}`); // for :target, without a step in the browser's history
    } else {
      location.assign(link.href);
    }
  }
}
