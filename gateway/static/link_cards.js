/** Link cards below a message: what the pages that it links to say of themselves. */

import { showComposerError } from "./composer_error.js";
import { all, closest, required } from "./dom.js";
import { changeMessage } from "./message_changes.js";

/**
 * @param {HTMLElement | null} article null: it is not on this page
 * @param {Api.LinkCard[] | undefined} cards not known where an older instance tells of what a newer one has stored
 */
export function showCards(article, cards) {
  if (!article || !cards) {
    return;
  }
  const place = required(article, ".link-cards");
  all(place, ".link-card").forEach((one) => one.remove());
  place.prepend(...cards.map(cardOf));
  place.hidden = cards.length === 0 || "deleted" in article.dataset;
  const removal = place.querySelector("form");
  if (!("own" in article.dataset)) {
    removal?.remove();
  } else if (!removal) {
    const template = required(document, "#message-template", HTMLTemplateElement);
    place.append(required(template.content, ".link-cards form").cloneNode(true));
  }
}

/** After an edit: those of links that are not there any more go at once. @param {HTMLElement} article */
export function dropCards(article) {
  const links = new Set(all(article, ".text a", HTMLAnchorElement).map((link) => link.href));
  const cards = all(article, ".link-card", HTMLAnchorElement);
  const left = cards.filter((card) => links.has(card.href));
  cards.filter((card) => !left.includes(card)).forEach((card) => card.remove());
  required(article, ".link-cards").hidden = left.length === 0;
}

/**
 * Who wrote the message may take its cards away; everybody hears of it then.
 * @param {HTMLElement} element with the messages in it
 * @param {Api.Label} conversation
 */
export function wireCards(element, conversation) {
  element.addEventListener("submit", (event) => {
    const id = closest(event, "article[data-id]")?.dataset.id;
    if (id && closest(event, ".link-cards form")) {
      event.preventDefault();
      remove(conversation, id);
    }
  });
}

/** @param {Api.Label} conversation @param {string} id */
async function remove(conversation, id) {
  const reason = await changeMessage(conversation, id, "DELETE", { below: "/cards" });
  if (reason) {
    showComposerError(reason);
  }
}

/** @param {Api.LinkCard} card */
function cardOf({ url, title, description, site, picture }) {
  const link = document.createElement("a");
  link.className = "link-card";
  link.href = url;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  if (picture) {
    const image = link.appendChild(document.createElement("img"));
    image.src = picture;
    image.alt = "";
  }
  link.append(line("source", sourceOf(link.hostname, site)), line("title", title));
  if (description) {
    link.append(line("description", description));
  }
  return link;
}

/**
 * The name that the page gives itself, and the host that it really is at.
 * @param {string} hostname
 * @param {string} site
 */
function sourceOf(hostname, site) {
  const host = hostname.replace(/^www\./, "");
  return ["", host].includes(site.toLowerCase()) ? host : `${site} · ${host}`;
}

/** @param {string} name @param {string} text */
function line(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.dir = "auto";
  span.textContent = text;
  return span;
}
