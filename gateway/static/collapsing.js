/** Collapsing: in a room, what somebody says whom the reader has blocked is there to be opened, but not shown. */

import { optional, required } from "./dom.js";

/** @param {HTMLElement} article @param {boolean} isCollapsed */
export function setCollapsed(article, isCollapsed) {
  article.toggleAttribute("data-collapsed", isCollapsed);
  if (isCollapsed && !optional(article, ":scope > .reveal")) {
    const template = required(document, "#message-template", HTMLTemplateElement);
    article.prepend(required(template.content, ".reveal").cloneNode(true));
  }
}
