/** What can be chosen in the switcher: conversations, messages and commands, each as an option of its list. */

import { nameIn, pagePathOf } from "./conversation_label.js";
import { optional } from "./dom.js";
import { lineOf } from "./file_names.js";
import { t } from "./i18n.js";
import { meet } from "./learned_profiles.js";
import { markedLine, markedName } from "./marks.js";
import { fillAvatar, me, nameOf } from "./people.js";
import { format } from "./time_format.js";

/** @import { Marked } from "./marks.js" */

/**
 * @typedef {object} Choice
 * @property {"operators" | "names" | "hits" | "commands"} group
 * @property {string} href where it leads
 * @property {HTMLElement} picture
 * @property {Marked} title
 * @property {Marked} says
 * @property {HTMLElement} [end]
 * @property {() => void} [act] instead of going there
 * @property {boolean} [stays] the switcher stays open
 */

/** One of the page's list. @param {HTMLElement} item @param {string} part @returns {Choice} */
export function listedChoice(item, part) {
  const label = item.dataset.conversation ?? "";
  const name = nameIn(label);
  const isPerson = label.startsWith("@");
  const last = optional(item, ".last")?.textContent?.trim() ?? "";
  const unread = Number(item.dataset.unread || 0);
  return {
    group: "names",
    href: pagePathOf(label),
    picture: isPerson ? faceOf(name) : roomSign(optional(item, '[data-icon="lock"]') !== null),
    title: markedName(isPerson ? nameOf(name) : name, part),
    says: isPerson ? ["@", ...markedName(name, part), last ? ` · ${last}` : ""] : [last],
    end: unread ? unreadCount(item.dataset.mentions, unread) : undefined,
  };
}

/** @param {Api.FoundPerson} person @param {string} part @returns {Choice} */
export function personChoice(person, part) {
  meet(person);
  const { username } = person;
  return {
    group: "names",
    href: pagePathOf(`@${username}`),
    picture: faceOf(username),
    title: markedName(nameOf(username), part),
    says: ["@", ...markedName(username, part)],
  };
}

/** @param {Api.FoundRoom} room @param {string} part @returns {Choice} */
export function roomChoice({ name, topic, private: isPrivate, is_member: isMember }, part) {
  const about = isMember ? topic : [topic, t("you are not in it yet")].filter(Boolean).join(" · ");
  return {
    group: "names",
    href: pagePathOf(`#${name}`),
    picture: roomSign(isPrivate),
    title: markedName(name, part),
    says: [about],
    end: isMember ? undefined : span("badge", t("Join")),
  };
}

/** @param {Api.SearchHit} hit @returns {Choice} */
export function hitChoice(hit) {
  const { id, conversation, sender_username: sender, timestamp, message, marks = [] } = hit;
  const when = format(new Date(timestamp), "short");
  return {
    group: "hits",
    href: `${pagePathOf(conversation)}?around=${id}#message-${id}`,
    picture: faceOf(sender),
    title: [placeOf(conversation, sender)],
    says: [`${when} · `, ...(message ? markedLine(message, marks) : [lineOf(hit)])],
  };
}

/** @param {Api.Label} conversation @param {string} sender */
function placeOf(conversation, sender) {
  const name = nameOf(sender);
  if (conversation.startsWith("#")) {
    return t("%(name)s in %(conversation)s", { name, conversation });
  }
  return sender === me ? t("You to %(name)s", { name: nameOf(nameIn(conversation)) }) : t("%(name)s to you", { name });
}

/**
 * @param {{group: Choice["group"], href: string, icon: string, text: string, says?: string, end?: HTMLElement}} of
 * @returns {Choice}
 */
export function plainChoice({ group, href, icon, text, says = "", end }) {
  const picture = span("sign");
  picture.dataset.icon = icon;
  return { group, href, picture, title: [text], says: [says], end };
}

/** @param {Choice} choice */
export function optionOf({ href, picture, title, says, end }) {
  const option = document.createElement("a");
  option.href = href;
  option.tabIndex = -1;
  option.setAttribute("role", "option");
  picture.setAttribute("aria-hidden", "true");
  const what = span("what");
  what.append(line("title", title), line("says", says));
  option.append(picture, what, ...(end ? [end] : []));
  return option;
}

/** @param {string} className @param {Marked} parts */
function line(className, parts) {
  const made = span(className);
  made.dir = "auto";
  made.append(...parts);
  return made;
}

/** @param {string} username */
export function faceOf(username) {
  const face = span("avatar");
  fillAvatar(face, username);
  const listed = optional(document, `#conversations [data-conversation="@${CSS.escape(username)}"] .avatar img`);
  if (listed && !face.querySelector("img")) {
    face.append(listed.cloneNode());
  }
  return face;
}

/** @param {boolean} isPrivate */
export function roomSign(isPrivate) {
  const sign = span("sign");
  sign.dataset.icon = isPrivate ? "lock" : "room";
  return sign;
}

/** @param {string | undefined} mentions @param {number} unread */
function unreadCount(mentions, unread) {
  const called = Number(mentions || 0);
  const count = span(called ? "mentions" : "unread", String(called || unread));
  const what = span("hidden-text", ` ${called ? t("mentions") : t("unread")}`);
  count.append(what);
  return count;
}

/** @param {string} className @param {string} [text] */
export function span(className, text = "") {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}
