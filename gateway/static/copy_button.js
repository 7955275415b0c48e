/** Copying: a button beside a field puts what the field holds into the clipboard. Without scripts one marks it. */

import { t } from "./i18n.js";

const COPIED_MS = 2000;

export function wireCopyButtons() {
  for (const button of document.querySelectorAll('button[data-action="copy"]')) {
    const field = document.getElementById(/** @type {HTMLElement} */ (button).dataset.copies ?? "");
    if (button instanceof HTMLButtonElement && field instanceof HTMLInputElement) {
      button.hidden = false;
      button.addEventListener("click", () => void copy(field, button));
    }
  }
}

/**
 * Only where the page came safely is there a clipboard; else what is to be copied is marked.
 * @param {HTMLInputElement} field
 * @param {HTMLButtonElement} button
 */
async function copy(field, button) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return;
  }
  const label = button.textContent;
  button.textContent = t("Copied");
  setTimeout(() => (button.textContent = label), COPIED_MS);
}
