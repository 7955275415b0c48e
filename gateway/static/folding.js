/** Folding: in a room, what somebody says whom the reader has blocked is there to be opened, but not shown. */

import { optional, required } from "./dom.js";

/** @param {HTMLElement} article @param {boolean} isFolded */
export function setFolded(article, isFolded) {
  article.toggleAttribute("data-folded", isFolded);
  if (isFolded && !optional(article, ":scope > .fold")) {
    const template = required(document, "#message-template", HTMLTemplateElement);
    article.prepend(required(template.content, ".fold").cloneNode(true));
  }
}
