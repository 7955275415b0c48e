/** A question before what cannot be taken back. */

import { t } from "./words.js";

/** @returns {Promise<boolean>} false also where the question is left with Escape */
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
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

function button(value, label, kind) {
  const made = document.createElement("button");
  made.value = value;
  made.textContent = label;
  made.className = kind;
  return made;
}
