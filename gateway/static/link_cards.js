/** Link cards below a message: what the pages that it links to say of themselves. Loaded with the first of them. */

import { all, optional, required } from "./dom.js";

/**
 * @param {HTMLElement} article
 * @param {Api.LinkCard[]} cards
 */
export function showCards(article, cards) {
  const place = optional(article, ".link-cards") ?? newPlace(article);
  all(place, ".link-card").forEach((one) => one.remove());
  place.prepend(...cards.map(cardOf));
  place.hidden = cards.length === 0 || "deleted" in article.dataset;
}

/** After an edit: those of links that are not there any more go at once. @param {HTMLElement} article */
export function dropCards(article) {
  const links = new Set(all(article, ".text a", HTMLAnchorElement).map((link) => link.href));
  for (const card of all(article, ".link-card", HTMLAnchorElement)) {
    if (!links.has(card.href)) {
      card.remove();
    }
  }
  required(article, ".link-cards").hidden = !optional(article, ".link-card", HTMLAnchorElement);
}

/** As the page's template has it; only one's own has a way to take them away. @param {HTMLElement} article */
function newPlace(article) {
  const template = required(document, "#message-template", HTMLTemplateElement);
  const place = /** @type {HTMLElement} */ (required(template.content, ".link-cards").cloneNode(true));
  if (!("own" in article.dataset)) {
    place.replaceChildren();
  }
  required(article, ".reactions").before(place);
  return place;
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
