/** What can be done with a message: answer, react, edit, delete, pin, copy; by mouse, by finger and by keyboard. */

import { showComposerError } from "./composer_error.js";
import { pagePathOf, pinsPathOf } from "./conversation_label.js";
import { closest, required } from "./dom.js";
import { t } from "./i18n.js";
import { changeMessage, tryTo } from "./message_changes.js";
import { MessageTools } from "./message_tools.js";
import { isOwnArticle, senderOf, textOf } from "./message_view.js";
import { nameOf } from "./people.js";
import { showReplies } from "./pins.js";
import { hasReacted } from "./reactions.js";
import { markUnread } from "./unread_mark.js";

/** @import { Composer } from "./composer.js" */
/** @import { Connection } from "./connection.js" */
/** @import { MessageLog } from "./message_log.js" */

export class MessageActions {
  #log;
  #composer;
  #connection;
  #tools;
  /** @type {Record<string, (article: HTMLElement, opener: HTMLElement, emoji: string) => void>} */
  #actions = {
    reply: (article) => this.#composer.reply(article),
    react: (article, opener) => this.#choose(article, opener),
    "react-with": (article, _, emoji) => this.#react(article, emoji),
    more: (article, opener) => this.#tools.choose(article, opener).catch(tellOffline),
    unread: (article) => this.#markUnread(article),
    edit: (article) => this.#composer.edit(article),
    delete: (article) => this.#delete(article),
    report: (article) => this.#report(article),
    pin: (article) => this.#pin(article, "PUT"),
    unpin: (article) => this.#pin(article, "DELETE"),
    replies: (article, opener) => showReplies(article, opener, this.#log, this.#connection),
    "copy-text": (article) => copy(textOf(article)),
    "copy-link": (article) => copy(`${location.origin}${pagePathOf(this.#log.conversation)}/m/${article.dataset.id}`),
  };

  /** @param {{element: HTMLElement, log: MessageLog, composer: Composer, connection: Connection}} parts */
  constructor({ element, log, composer, connection }) {
    this.#log = log;
    this.#composer = composer;
    this.#connection = connection;
    this.#tools = new MessageTools({
      element,
      conversation: log.conversation,
      perform: (action, article, opener, emoji = "") => this.#actions[action]?.(article, opener, emoji),
    });
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
    const tool = closest(event, ":is(.tools, .reactions) [data-action], .replies");
    const emoji = closest(event, ".reactions [data-emoji]")?.dataset.emoji;
    const action = this.#actions[tool?.dataset.action ?? ""];
    const value = tool instanceof HTMLButtonElement ? tool.value : "";
    const quote = closest(event, "a.reply, .reply a");
    if (article && tool && action) {
      event.preventDefault();
      action(article, tool, value);
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
    const onPick = (/** @type {string} */ emoji) => this.#react(article, emoji);
    await picker?.toggleEmojiPicker(opener, t("Choose a reaction"), onPick).catch(tellOffline);
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
    const name = nameOf(senderOf(article));
    const isOwn = isOwnArticle(article);
    const [question, yes] = isOwn
      ? [t("Delete this message for everybody?"), t("Delete")]
      : [t("Remove this message of %(name)s for everybody?", { name }), t("Remove")];
    const dialog = await import("./confirm_dialog.js").catch(tellOffline);
    if (await dialog?.confirmed(question, yes)) {
      this.#composer.focus();
      await this.#change(article, "DELETE");
    }
  }

  /**
   * What is pinned is told by the socket, to this page too.
   * @param {HTMLElement} article
   * @param {"PUT" | "DELETE"} method
   */
  async #pin(article, method) {
    showComposerError(await tryTo(method, `${pinsPathOf(this.#log.conversation)}/${article.dataset.id}`));
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

/** Only where the page came safely is there a clipboard; else one is told. @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    required(document, "#announcement").textContent = t("Copied");
  } catch {
    showComposerError(t("This browser lets nothing be copied from here."));
  }
}
