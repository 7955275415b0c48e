/** Articles: one message each, made from the page's template so that the markup has one home. */

import { linked } from "./links.js";
import { fillAvatar, handleOf, introduced, me, nameOf } from "./people.js";
import { shortened } from "./texts.js";
import { showTime } from "./times.js";
import { placehold } from "./viewer.js";
import { t } from "./words.js";

const QUOTE_LENGTH_MAX = 120;
const SHOWN_SIDE_PX_MAX = 320; // as the server shows them

/** What is said of each state of one's own message. */
function wordOf(state) {
  return {
    sending: t("Sending"),
    failed: t("Not sent"),
    sent: t("Sent"),
    delivered: t("Delivered"),
    read: t("Read"),
  }[state];
}

const RANKS = ["sending", "failed", "sent", "delivered", "read"];

/**
 * An article as the template has it, filled.
 * @param {object} item of the history, or the event `message` or `sent`, or an unsent message without `id` and `seq`
 * @param {{mayDelete: boolean, quoted: (id: number) => HTMLElement | null}} context
 */
export function makeArticle(item, { mayDelete, quoted }) {
  const template = document.getElementById("message-template");
  const article = template.content.querySelector("article").cloneNode(true);
  const isOwn = item.sender_username === me;
  article.dataset.sender = item.sender_username;
  article.toggleAttribute("data-own", isOwn);
  fillAvatar(article.querySelector(".avatar"), item.sender_username);
  article.querySelector(".sender").textContent = nameOf(item.sender_username);
  showHandle(article.querySelector(".head .handle"), handleOf(item.sender_username));
  showTime(article.querySelector("time"), new Date(item.timestamp));
  showTools(article, isOwn, mayDelete);
  quote(article, item.reply_to, quoted);
  setText(article, item.call ? wordsOf(item.call) : item.message);
  article.querySelector(".text").classList.toggle("call", Boolean(item.call));
  showAttachments(article, item.attachments ?? []);
  if (item.id) {
    identify(article, item);
  }
  return article;
}

function showHandle(element, handle) {
  if (element) {
    element.textContent = handle;
    element.hidden = !handle;
  }
}

/** The message is on disk: it has an id, a place, and what others have done to it. */
export function identify(article, item) {
  article.id = `message-${item.id}`;
  article.dataset.id = item.id;
  article.dataset.seq = item.seq;
  if (item.nonce) {
    article.dataset.nonce = item.nonce;
  }
  showTime(article.querySelector("time"), new Date(item.timestamp));
  article.querySelector('[data-action="reply"]')?.setAttribute("href", `?reply_to=${item.id}#composer`);
  if (item.edited_at) {
    setEdited(article, item.message);
  }
  for (const [emoji, usernames] of Object.entries(item.reactions ?? {})) {
    usernames.forEach((username) => react(article, { emoji, username, removed: false }));
  }
  if (item.deleted) {
    setDeleted(article);
  }
}

function wordsOf({ outcome, duration_s = 0 }) {
  if (outcome === "answered") {
    return t("Video call, %(minutes)s min", { minutes: Math.max(1, Math.round(duration_s / 60)) });
  }
  return outcome === "declined" ? t("Declined video call") : t("Missed video call");
}

function showTools(article, isOwn, mayDelete) {
  const allowed = { edit: isOwn, delete: isOwn || mayDelete };
  for (const tool of article.querySelectorAll(".tools [data-action]")) {
    tool.setAttribute("role", "button");
    tool.hidden = !(allowed[tool.dataset.action] ?? true);
  }
}

function quote(article, id, quoted) {
  const link = article.querySelector(".reply");
  if (!link) {
    return;
  }
  link.hidden = !id;
  if (!id) {
    return;
  }
  const original = quoted(id);
  link.href = `#message-${id}`;
  link.textContent = original ? quoteOf(original) : t("An earlier message");
}

/** Who said what, in a line. */
export function quoteOf(article) {
  const text = article.querySelector(".text").textContent.trim() || t("Picture");
  const short = shortened(text, QUOTE_LENGTH_MAX);
  return `${nameOf(article.dataset.sender)}: ${short}`;
}

export function setText(article, text) {
  article.querySelector(".text").replaceChildren(...linked(text));
}

export function setEdited(article, text) {
  article.toggleAttribute("data-edited", true);
  setText(article, text);
  const mark = article.querySelector(".edited");
  if (mark) {
    mark.hidden = false;
  }
}

export function setDeleted(article) {
  article.toggleAttribute("data-deleted", true);
  article.querySelector(".text").textContent = t("This message was deleted.");
  article.querySelector(".attachments")?.replaceChildren();
  article.querySelector(".reactions")?.replaceChildren();
  article.querySelector(".picker")?.remove();
  article.querySelector(".reply")?.setAttribute("hidden", "");
  article.querySelector(".edited")?.setAttribute("hidden", "");
  article.querySelector(".tools")?.setAttribute("hidden", "");
}

/** A state never goes back, whatever comes late; but what failed may be tried again. */
export function setState(article, state) {
  const present = article.dataset.state;
  if (present && present !== "failed" && RANKS.indexOf(state) < RANKS.indexOf(present)) {
    return;
  }
  article.dataset.state = state;
  const line = article.querySelector(".state");
  if (line) {
    line.textContent = wordOf(state);
  }
}

/** Say why it was refused, with a way out; or, without a reason, take that away. */
export function setFailure(article, reason) {
  article.querySelector(".failure")?.remove();
  if (!reason) {
    return;
  }
  const line = document.createElement("p");
  line.className = "failure";
  line.append(`${reason} `, button("retry", t("Try again")), " ", button("discard", t("Discard")));
  article.querySelector(".text").after(line);
}

function button(action, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.action = action;
  made.textContent = label;
  return made;
}

function showAttachments(article, attachments) {
  const place = article.querySelector(".attachments");
  place.hidden = attachments.length === 0;
  place.replaceChildren(...attachments.map(picture));
  placehold(article);
}

function picture(file) {
  const link = document.createElement("a");
  link.href = file.url;
  link.dataset.placeholder = file.placeholder ?? "";
  link.dataset.width = file.width;
  link.dataset.height = file.height;
  const part = Math.min(1, SHOWN_SIDE_PX_MAX / Math.max(file.width, file.height));
  const image = new Image(Math.max(1, Math.round(file.width * part)), Math.max(1, Math.round(file.height * part)));
  image.loading = "lazy";
  image.alt = file.filename || t("Picture");
  image.src = file.thumbnail_url;
  link.append(image);
  return link;
}

/** Somebody reacted, or took it back; to be told twice changes nothing. */
export function react(article, { emoji, username, removed }) {
  const place = article.querySelector(".reactions");
  const found = [...place.querySelectorAll("[data-emoji]")].find((one) => one.dataset.emoji === emoji);
  const reaction = found ?? place.appendChild(newReaction(emoji));
  const users = new Set((reaction.dataset.users ?? "").split(" ").filter(Boolean));
  users[removed ? "delete" : "add"](username);
  if (users.size === 0) {
    const next = reaction.nextElementSibling ?? reaction.previousElementSibling;
    if (reaction === document.activeElement) {
      (next ?? article.querySelector('[data-action="react"]'))?.focus();
    }
    reaction.remove();
    return;
  }
  reaction.dataset.users = [...users].join(" ");
  reaction.title = [...users].map(introduced).join(", ");
  reaction.setAttribute("aria-pressed", String(users.has(me)));
  reaction.name = users.has(me) ? "remove" : "emoji";
  reaction.querySelector("span").textContent = users.size;
  place.hidden = false;
}

function newReaction(emoji) {
  const made = document.createElement("button");
  made.type = "button";
  made.value = emoji;
  made.dataset.emoji = emoji;
  made.append(`${emoji} `, document.createElement("span"));
  return made;
}
