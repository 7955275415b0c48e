/** Messages as they are shown: one article each, made from the page's template so that the markup has one home. */

import { callWords } from "./call_words.js";
import { actionButton, all, optional, required } from "./dom.js";
import { whatIs } from "./file_names.js";
import { fileNodes } from "./file_view.js";
import { t } from "./i18n.js";
import { showMarkup } from "./markup.js";
import { fillAvatar, handleOf, me, nameOf, profilePathOf } from "./people.js";
import { showPinned } from "./pinned_messages.js";
import { placehold } from "./placeholders.js";
import { showReaction } from "./reactions.js";
import { showReplyCount } from "./reply_counts.js";
import { preview, shortened } from "./texts.js";
import { showTime } from "./time_format.js";

const QUOTE_LENGTH_MAX = 120;

/** @typedef {"sending" | "failed" | "sent" | "delivered" | "read"} MessageState */
/**
 * @typedef {Partial<Api.Message> & {sender_username: string, message: string, timestamp: string}} Shown
 *   a message, or one that is not sent yet and has neither `id` nor `seq`
 */

/** @type {MessageState[]} */
const RANKS = ["sending", "failed", "sent", "delivered", "read"];

/**
 * What is said of each state of one's own message.
 * @param {MessageState} state
 */
function wordOf(state) {
  return {
    sending: t("Sending"),
    failed: t("Not sent"),
    sent: t("Sent"),
    delivered: t("Delivered"),
    read: t("Read"),
  }[state];
}

/**
 * An article as the template has it, filled.
 * @param {Shown} item
 * @param {(id: number) => HTMLElement | null} quoted
 */
export function makeArticle(item, quoted) {
  const { content } = required(document, "#message-template", HTMLTemplateElement);
  const article = /** @type {HTMLElement} */ (required(content, "article").cloneNode(true));
  const isOwn = item.sender_username === me;
  optional(article, ".link-cards")?.remove();
  article.dataset.sender = item.sender_username;
  article.toggleAttribute("data-own", isOwn);
  showCalled(article, item);
  fillAvatar(required(article, ".avatar"), item.sender_username);
  const sender = required(article, ".sender", HTMLAnchorElement);
  sender.textContent = nameOf(item.sender_username);
  sender.href = profilePathOf(item.sender_username);
  showHandle(article, handleOf(item.sender_username));
  showTime(required(article, "time", HTMLTimeElement), new Date(item.timestamp));
  all(article, ".tools [data-action]").forEach((tool) => tool.setAttribute("role", "button"));
  showQuote(article, item.reply_to ?? null, quoted);
  setText(article, item.call ? callWords(item.call) : item.message, item.html);
  required(article, ".text").classList.toggle("call", Boolean(item.call));
  showAttachments(article, item.attachments ?? []);
  if (item.id !== undefined) {
    identify(article, /** @type {Api.Message} */ (item));
  }
  return article;
}

/** @param {HTMLElement} article @param {string} handle */
function showHandle(article, handle) {
  const element = required(article, ".head .handle");
  element.textContent = handle;
  element.hidden = !handle;
}

/**
 * The message is on disk: it has an id, a place, and what others have done to it.
 * @param {HTMLElement} article
 * @param {Api.Message} item
 */
export function identify(article, item) {
  article.id = `message-${item.id}`;
  article.dataset.id = String(item.id);
  article.dataset.seq = String(item.seq);
  if (item.nonce) {
    article.dataset.nonce = item.nonce;
  }
  showTime(required(article, "time", HTMLTimeElement), new Date(item.timestamp));
  if (item.edited_at) {
    setEdited(article, item);
  } else if (item.html) {
    setText(article, item.message, item.html); // until now it stood there as it was typed
  }
  setCards(article, item.cards);
  for (const [emoji, usernames] of Object.entries(item.reactions ?? {})) {
    usernames.forEach((username) => showReaction(article, { emoji, username, removed: false }));
  }
  showReplyCount(article, item);
  if (item.deleted) {
    setDeleted(article);
  }
  showPinned(article);
}

/** Who said it and when, for those who hear one message after the other. @param {HTMLElement} article */
export function nameArticle(article) {
  const head = required(article, ".head");
  const moment = required(head, "time", HTMLTimeElement);
  article.tabIndex = -1;
  article.ariaLabel = `${required(head, ".sender").textContent}, ${moment.textContent}`;
}

/**
 * @param {HTMLElement} article
 * @param {number | null} id
 * @param {(id: number) => HTMLElement | null} quoted
 */
function showQuote(article, id, quoted) {
  const link = optional(article, ".reply", HTMLAnchorElement);
  if (!link) {
    return;
  }
  link.hidden = id === null;
  if (id === null) {
    return;
  }
  const original = quoted(id);
  link.href = `#message-${id}`;
  link.textContent = original ? quoteOf(original) : t("An earlier message");
}

/** Who said what, in a line. @param {HTMLElement} article */
export function quoteOf(article) {
  return quoteFrom(senderOf(article), textOf(article).trim() || whatIs(firstFileOf(article)));
}

/** @param {string} username @param {string} text */
export function quoteFrom(username, text) {
  return `${nameOf(username)}: ${shortened(preview(text), QUOTE_LENGTH_MAX)}`;
}

/** @param {HTMLElement} article */
function firstFileOf(article) {
  const { kind = "picture", name: filename = "" } = optional(article, ".attachments [data-kind]")?.dataset ?? {};
  return { kind: /** @type {Api.FileKind} */ (kind), filename };
}

/** @param {HTMLElement} article */
export function senderOf(article) {
  return article.dataset.sender ?? "";
}

/**
 * Whether it is for the reader by name, or for all.
 * @param {HTMLElement} article
 * @param {{mentions?: string[], mentions_room?: boolean}} item
 */
function showCalled(article, { mentions = [], mentions_room: isForAll = false }) {
  article.toggleAttribute("data-called", !isOwnArticle(article) && (isForAll || mentions.includes(me)));
}

/** Its place; one that is not sent yet comes after all others. @param {HTMLElement} article */
export function seqOf(article) {
  return Number(article.dataset.seq ?? Infinity);
}

/** @param {HTMLElement} article */
export function isOwnArticle(article) {
  return "own" in article.dataset;
}

/** As it was typed. @param {HTMLElement} article */
export function textOf(article) {
  const place = required(article, ".text");
  return place.dataset.source ?? place.textContent ?? "";
}

/**
 * @param {HTMLElement} article
 * @param {string} text
 * @param {string | null} [html] where it is more than plain words
 */
function setText(article, text, html) {
  const place = required(article, ".text");
  if (html) {
    place.dataset.source = text;
    showMarkup(place, html);
  } else {
    delete place.dataset.source;
    place.textContent = text;
  }
}

/**
 * @param {HTMLElement} article
 * @param {{message: string, html?: string | null, mentions?: string[], mentions_room?: boolean}} item
 */
export function setEdited(article, item) {
  const { message, html } = item;
  article.toggleAttribute("data-edited", true);
  showCalled(article, item);
  setText(article, message, html);
  if (optional(article, ".link-cards")) {
    loadCards().then((loaded) => loaded?.dropCards(article));
  }
  required(article, ".edited").hidden = false;
}

/** Link cards, which few messages have: what shows them is loaded with the first. */
function loadCards() {
  return import("./link_cards.js").catch(() => null);
}

/**
 * @param {HTMLElement | null} article null: it is not on this page
 * @param {Api.LinkCard[] | undefined} cards not known where an older instance tells of what a newer one has stored
 * @param {{keep: (change: () => void) => void} | null} [scroll] where what one reads is to stay
 */
export async function setCards(article, cards, scroll = null) {
  if (article && cards && (cards.length > 0 || optional(article, ".link-cards"))) {
    const loaded = await loadCards();
    const show = () => loaded?.showCards(article, cards);
    scroll ? scroll.keep(show) : show();
  }
}

/** @param {HTMLElement} article */
export function setDeleted(article) {
  article.toggleAttribute("data-deleted", true);
  article.removeAttribute("data-called");
  setText(article, t("This message was deleted."));
  optional(article, ".attachments")?.replaceChildren();
  optional(article, ".reactions")?.replaceChildren();
  optional(article, ".picker")?.remove();
  for (const part of all(article, ".reply, .edited, .pinned, .tools, .message-choices, .link-cards")) {
    part.hidden = true;
  }
}

/**
 * A state never goes back, whatever comes late; but what failed may be tried again.
 * @param {HTMLElement} article
 * @param {MessageState} state
 */
export function setState(article, state) {
  const present = /** @type {MessageState | undefined} */ (article.dataset.state);
  if (present && present !== "failed" && RANKS.indexOf(state) < RANKS.indexOf(present)) {
    return;
  }
  article.dataset.state = state;
  required(article, ".state").textContent = wordOf(state);
}

/**
 * Say why it was refused, with a way out; or, without a reason, take that away.
 * @param {HTMLElement} article
 * @param {string | null} reason
 */
export function setFailure(article, reason) {
  optional(article, ".failure")?.remove();
  if (!reason) {
    return;
  }
  const line = document.createElement("p");
  line.className = "failure";
  line.append(`${reason} `, actionButton("retry", t("Try again")), " ", actionButton("discard", t("Discard")));
  required(article, ".text").after(line);
}

/**
 * @param {HTMLElement} article
 * @param {Api.Attachment[]} attachments
 */
function showAttachments(article, attachments) {
  const place = required(article, ".attachments");
  place.hidden = attachments.length === 0;
  place.replaceChildren(...fileNodes(attachments));
  placehold(article);
}
