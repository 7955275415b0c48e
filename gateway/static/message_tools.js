/** The tools of a message: beside it for a mouse, in a menu by key, in a sheet for a finger. */

import { closest, optional } from "./dom.js";
import { t } from "./i18n.js";
import { wireLongPress } from "./long_press.js";
import { isPinned, mayPin, namePinTool } from "./pinned_messages.js";
import { nameReactions } from "./reactions.js";

/** @typedef {(action: string, article: HTMLElement, opener: HTMLElement, emoji?: string) => void} Perform */

/** The emoji that are offered before all others; beside a message only the first. */
export const QUICK = ["👍", "❤️", "😂", "🎉", "👀"];
const BESIDE = 3;
const withoutHover = matchMedia("(hover: none)");

export class MessageTools {
  #conversation;
  #perform;
  /** What the tools have with scripts only: one pair, which goes where it is wanted. */
  #quick = quickReactions();
  #pin = toolButton("pin");

  /** @param {{element: HTMLElement, conversation: Api.Label, perform: Perform}} parts */
  constructor({ element, conversation, perform }) {
    this.#conversation = conversation;
    this.#perform = perform;
    for (const type of ["pointerover", "focusin"]) {
      element.addEventListener(type, (event) => this.#dress(closest(event, "article[data-id]")));
    }
    element.addEventListener("keydown", (event) => this.#pressed(event));
    wireLongPress(element, "article[data-id]", (article, target) => this.#pressedLong(article, target));
  }

  /** The menu, or where nothing hovers the sheet. @param {HTMLElement} article @param {HTMLElement} opener */
  async choose(article, opener) {
    if (withoutHover.matches) {
      await this.#openSheet(article);
    } else {
      const focused = document.activeElement;
      const menu = await import("./message_menu.js");
      if (document.activeElement !== focused) {
        return; // they have gone on: what comes late must not take the next key
      }
      menu.toggleMenu(opener, article, this.#conversation, (action) => this.#perform(action, article, opener));
    }
  }

  /** @param {HTMLElement | null} article */
  #dress(article) {
    const tools = article && optional(article, ".tools");
    if (!tools || tools.contains(this.#pin) || this.#quick.parentElement?.contains(document.activeElement)) {
      return;
    }
    tools.ariaLive = "off"; // what comes and goes here is nobody's news
    nameReactions(article);
    optional(article, ".reactions .add")?.setAttribute("role", "button");
    namePinTool(this.#pin, isPinned(article.dataset.id));
    this.#pin.hidden = !mayPin(this.#conversation);
    tools.prepend(this.#quick);
    optional(tools, '[data-action="more"]')?.before(this.#pin);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const article = closest(event, "article[data-id]:not([data-deleted])");
    const isMenuKey = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
    const opensByEnter = event.key === "Enter" && event.target === article;
    if (article && (isMenuKey || opensByEnter)) {
      event.preventDefault();
      this.choose(article, event.target instanceof HTMLElement ? event.target : article);
    }
  }

  /** @param {HTMLElement} article @param {Element} target */
  async #pressedLong(article, target) {
    if (target.closest(".reactions [data-emoji]")) {
      const sheet = await import("./message_sheet.js").catch(() => null);
      sheet?.openReactionsSheet(article);
    } else if (!("deleted" in article.dataset)) {
      this.#openSheet(article);
    }
  }

  /** @param {HTMLElement} article */
  async #openSheet(article) {
    const sheet = await import("./message_sheet.js");
    sheet.openMessageSheet(article, this.#conversation, (action, emoji) =>
      this.#perform(action, article, article, emoji),
    );
  }
}

function quickReactions() {
  const group = document.createElement("span");
  group.className = "quick";
  for (const emoji of QUICK.slice(0, BESIDE)) {
    const button = toolButton("react-with");
    button.value = button.textContent = emoji;
    button.ariaLabel = t("React with %(emoji)s", { emoji });
    group.append(button);
  }
  return group;
}

/** @param {string} action */
function toolButton(action) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.action = action;
  return button;
}
