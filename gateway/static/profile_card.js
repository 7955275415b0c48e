/** The card of a person over the page: taken from the page that it has without scripts. */

import { closest, optional } from "./dom.js";
import { t } from "./i18n.js";
import { fetchInBackground } from "./page_fetching.js";

/** @import { Calls } from "./calls.js" */

/**
 * Show the card of the person whose page is at `address`. It gives the focus back to where it was.
 * @param {string} address
 * @param {Calls | null} calls
 */
export async function showProfileCard(address, calls) {
  const card = await fetchCard(address);
  if (!card) {
    location.assign(address);
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "profile-dialog";
  dialog.setAttribute("aria-labelledby", "profile-name");
  dialog.append(card, closeButton());
  document.body.append(dialog);
  wireCall(dialog, card, calls);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || closest(event, "[value=close]")) {
      dialog.close();
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

/** @param {string} address @returns {Promise<HTMLElement | null>} */
async function fetchCard(address) {
  try {
    const { ok, page } = await fetchInBackground(address);
    return ok ? optional(page, ".profile-card") : null;
  } catch {
    return null;
  }
}

/** @param {HTMLDialogElement} dialog @param {HTMLElement} card @param {Calls | null} calls */
function wireCall(dialog, card, calls) {
  const button = optional(card, '[data-action="call"]');
  if (button && calls) {
    button.hidden = false;
    button.addEventListener("click", () => {
      dialog.close();
      calls.call(button.dataset.other ?? "");
    });
  }
}

function closeButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  button.value = "close";
  button.dataset.icon = "close";
  button.setAttribute("aria-label", t("Close"));
  return button;
}
