/** Markup: what the server has made of a text that is more than plain words. It alone becomes part of the page. */

import { all, closest } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {HTMLElement} place
 * @param {string} html
 */
export function showMarkup(place, html) {
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  bringToLife(place);
}

/**
 * Links leave the conversation open; spoilers are buttons until they are shown; headings stand below those of the page.
 * @param {HTMLElement} place
 */
export function bringToLife(place) {
  for (const heading of all(place, "h1, h2, h3, h4, h5, h6")) {
    heading.setAttribute("aria-level", String(Number(heading.tagName[1]) + 2));
  }
  for (const link of all(place, "a[href]", HTMLAnchorElement)) {
    link.target = "_blank";
  }
  for (const spoiler of all(place, ".spoiler")) {
    spoiler.tabIndex = 0;
    spoiler.setAttribute("role", "button");
    spoiler.setAttribute("aria-label", t("Spoiler: show it"));
  }
}

export function wireSpoilers() {
  document.addEventListener("click", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      show(event);
    }
  });
}

/** What stands in a spoiler, a link perhaps, is not followed before it is seen. @param {Event} event */
function show(event) {
  const spoiler = closest(event, ".spoiler[role]");
  if (!spoiler) {
    return;
  }
  event.preventDefault();
  for (const attribute of ["role", "aria-label"]) {
    spoiler.removeAttribute(attribute);
  }
  spoiler.classList.add("shown");
}
