/** What can be done with a message: answer, react, edit, delete; by mouse and by keyboard. */

import { showComposerError } from "./composer_error.js";
import { confirmed } from "./confirm_dialog.js";
import { closest } from "./dom.js";
import { t } from "./i18n.js";
import { changeMessage } from "./message_changes.js";
import { hasReacted } from "./reactions.js";
import { markUnread } from "./unread_mark.js";

/** @import { Composer } from "./composer.js" */
/** @import { MessageLog } from "./message_log.js" */

export class MessageActions {
  #log;
  #composer;
  /** @type {Record<string, (article: HTMLElement, opener: HTMLElement) => void>} */
  #actions = {
    reply: (article) => this.#composer.reply(article),
    react: (article, opener) => this.#choose(article, opener),
    unread: (article) => this.#markUnread(article),
    edit: (article) => this.#composer.edit(article),
    delete: (article) => this.#delete(article),
    report: (article) => this.#report(article),
  };

  /** @param {{element: HTMLElement, log: MessageLog, composer: Composer}} parts */
  constructor({ element, log, composer }) {
    this.#log = log;
    this.#composer = composer;
    element.addEventListener("click", (event) => this.#clicked(event));
    element.addEventListener("submit", (event) => this.#submitted(event));
    // A link that acts is a button, and a button answers to the space bar.
    element.addEventListener("keydown", (event) => {
      const button = closest(event, 'a[role="button"]');
      if (event.key === " " && button) {
        event.preventDefault();
        button.click();
      }
    });
  }

  /** @param {Event} event */
  #clicked(event) {
    const article = closest(event, "article[data-id]");
    const tool = closest(event, ".tools [data-action]");
    const emoji = closest(event, ".reactions [data-emoji]")?.dataset.emoji;
    const action = this.#actions[tool?.dataset.action ?? ""];
    const quote = closest(event, "a.reply, .reply a");
    if (article && tool && action) {
      event.preventDefault();
      action(article, tool);
    } else if (article && emoji) {
      event.preventDefault();
      this.#react(article, emoji);
    } else if (quote instanceof HTMLAnchorElement) {
      event.preventDefault();
      this.#follow(quote);
    }
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const article = closest(event, "article[data-id]");
    const takesCardsAway = closest(event, ".link-cards") !== null;
    if (takesCardsAway || closest(event, ".reactions")) {
      event.preventDefault();
    }
    if (article && takesCardsAway) {
      this.#change(article, "DELETE", "/cards");
    }
  }

  /** @param {HTMLElement} article @param {HTMLElement} opener */
  async #choose(article, opener) {
    const picker = await import("./emoji_picker.js").catch(tellOffline);
    picker?.togglePicker(article, opener, (emoji) => this.#react(article, emoji));
  }

  /** Few ever do: its dialog is loaded then. @param {HTMLElement} article */
  async #report(article) {
    const dialog = await import("./report_dialog.js").catch(tellOffline);
    dialog?.reportMessage(this.#log.conversation, article.dataset.id ?? "");
  }

  /** @param {HTMLElement} article @param {string} emoji */
  async #react(article, emoji) {
    const method = hasReacted(article, emoji) ? "DELETE" : "PUT";
    await this.#change(article, method, `/reactions/${encodeURIComponent(emoji)}`);
  }

  /** @param {HTMLElement} article */
  async #delete(article) {
    if (await confirmed(t("Delete this message for everybody?"), t("Delete"))) {
      this.#composer.focus();
      await this.#change(article, "DELETE");
    }
  }

  /** @param {HTMLElement} article */
  async #markUnread(article) {
    showComposerError(await markUnread(this.#log.conversation, article));
  }

  /**
   * Refused, the reader is told why.
   * @param {HTMLElement} article
   * @param {"PUT" | "DELETE"} method
   * @param {string} [below] the message's own path
   */
  async #change(article, method, below) {
    showComposerError(await changeMessage(this.#log.conversation, article.dataset.id, method, { below }));
  }

  /** To the message that was answered, wherever it is. @param {HTMLAnchorElement} link */
  async #follow(link) {
    const { hash } = new URL(link.href);
    const id = Number(hash.replace("#message-", ""));
    if (await this.#log.reveal(id)) {
      location.replace(hash); // for :target, without a step in the browser's history
    } else {
      location.assign(`?around=${id}${hash}`);
    }
  }
}

function tellOffline() {
  showComposerError(t("You are offline. Try again in a moment."));
}
