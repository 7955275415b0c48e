/** Forms that are sent while the page stays: what the server shows next is taken from the page that it answers with. */

import { showComposerError } from "./composer_error.js";
import { t } from "./i18n.js";

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} [submitter] the button, whose value is sent too
 * @returns {Promise<{ok: boolean, page: Document} | null>} null: there was no answer, which has been said
 */
export async function sendForm(form, submitter = null) {
  const fields = [...new FormData(form, submitter)].map(([name, value]) => [name, String(value)]);
  const buttons = [...form.elements].filter((one) => one instanceof HTMLButtonElement);
  buttons.forEach((button) => (button.disabled = true));
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
    return { ok: answer.ok, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
  } catch {
    showComposerError(t("You are offline. Try again in a moment."));
    return null;
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}
