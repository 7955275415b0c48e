/** The dialog in which one tells the moderators of a message. */

import { sendForm } from "./background_form.js";
import { pagePathOf } from "./conversation_label.js";
import { actionButton, optional, required } from "./dom.js";
import { t } from "./i18n.js";

/** @param {Api.Label} conversation @param {string} id of the message */
export function reportMessage(conversation, id) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  const heading = document.createElement("h2");
  heading.textContent = t("Report this message");
  heading.id = "report-heading";
  dialog.setAttribute("aria-labelledby", heading.id);
  const template = required(document, "#report-template", HTMLTemplateElement);
  dialog.append(heading, template.content.cloneNode(true));
  const form = required(dialog, "form", HTMLFormElement);
  form.action = `${pagePathOf(conversation)}/${id}/report`;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(dialog, form);
  });
  required(dialog, "a.button").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {HTMLDialogElement} dialog @param {HTMLFormElement} form */
async function send(dialog, form) {
  const answer = await sendForm(form);
  const said = answer && optional(answer.page, answer.ok ? "main > .notice" : "form.report .error");
  if (answer === null) {
    dialog.close();
  } else if (said) {
    showOutcome(dialog, form, said.textContent ?? "", answer.ok);
  } else {
    location.reload(); // signed out, say, or the message is gone
  }
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLFormElement} form
 * @param {string} text
 * @param {boolean} isDone
 */
function showOutcome(dialog, form, text, isDone) {
  optional(dialog, ".outcome")?.remove();
  const line = document.createElement("p");
  line.className = isDone ? "outcome" : "outcome error";
  line.setAttribute("role", isDone ? "status" : "alert");
  line.textContent = text;
  if (!isDone) {
    required(form, ".actions").before(line);
    return;
  }
  const close = actionButton("close", t("Close"));
  close.addEventListener("click", () => dialog.close());
  form.replaceChildren(line, close);
  close.focus();
}
