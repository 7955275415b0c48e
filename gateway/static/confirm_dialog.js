/** A question before what cannot be taken back. */

import { t } from "./i18n.js";

/**
 * @param {string} question
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>} false also where the question is left with Escape
 */
export function confirmed(question, yes) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  dialog.setAttribute("aria-label", question);
  const text = document.createElement("p");
  text.textContent = question;
  const form = document.createElement("form");
  form.method = "dialog";
  form.append(button("no", t("Cancel"), ""), button("yes", yes, "danger"));
  dialog.append(text, form);
  document.body.append(dialog);
  const asker = document.activeElement;
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      giveFocusBack(asker);
      resolve(dialog.returnValue === "yes");
    });
  });
}

/**
 * Where the browser could not: a message shows its tools only while it has the focus.
 * @param {Element | null} asker
 */
function giveFocusBack(asker) {
  if (asker instanceof HTMLElement && asker !== document.activeElement) {
    asker.closest("article")?.focus();
    asker.focus();
  }
}

/**
 * @param {string} value
 * @param {string} text
 * @param {string} className
 */
function button(value, text, className) {
  const made = document.createElement("button");
  made.value = value;
  made.textContent = text;
  made.className = className;
  return made;
}
