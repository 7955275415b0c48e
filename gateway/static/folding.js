/** Folding: a message of very many lines shows the first of them, until somebody wants to see all. */

import { actionButton, closest, optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { textOf } from "./message_view.js";

const LINES_MAX = 40; // the server counts alike

/** Fold it if it is long, and was not opened. @param {HTMLElement} article */
export function fold(article) {
  const isLong = textOf(article).split("\n").length > LINES_MAX;
  const button = optional(article, ":scope > .unfold");
  article.toggleAttribute("data-long", isLong);
  required(article, ".text").removeAttribute("tabindex");
  if (!isLong) {
    button?.remove();
  } else if (!button) {
    const made = actionButton("unfold", t("Show all"));
    made.className = "unfold quiet";
    made.ariaExpanded = "false";
    required(article, ".text").after(made);
  }
}

/** @param {HTMLElement} log */
export function wireFolding(log) {
  log.addEventListener("click", (event) => {
    const button = closest(event, ".unfold");
    if (button) {
      const isOpen = button.ariaExpanded === "true";
      button.ariaExpanded = String(!isOpen);
      button.textContent = isOpen ? t("Show all") : t("Show less");
      closest(event, "article")?.toggleAttribute("data-unfolded", !isOpen);
    }
  });
}
