/** The window of the switcher, empty. */

import { t } from "./i18n.js";
import { span } from "./switcher_options.js";

export function makeDialog() {
  const dialog = document.createElement("dialog");
  dialog.className = "switcher";
  dialog.ariaLabel = t("Find or jump to");
  const list = document.createElement("div");
  list.className = "switcher-list";
  list.id = "switcher-options";
  list.setAttribute("role", "listbox");
  list.ariaLabel = t("Results");
  const field = makeField(list.id);
  const status = span("hint");
  status.setAttribute("role", "status");
  const foot = document.createElement("div");
  foot.className = "keys";
  foot.append(status, ...keys());
  dialog.append(makeHead(field, dialog), list, foot);
  return { dialog, field, list, status };
}

/** @param {string} listId */
function makeField(listId) {
  const field = document.createElement("input");
  field.type = "text";
  field.maxLength = 200;
  field.dir = "auto";
  field.autocomplete = "off";
  field.spellcheck = false;
  field.enterKeyHint = "go";
  field.placeholder = t("Find or jump to");
  field.ariaLabel = t("Find or jump to");
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", listId);
  field.ariaExpanded = "false";
  return field;
}

/** @param {HTMLInputElement} field @param {HTMLDialogElement} dialog */
function makeHead(field, dialog) {
  const head = document.createElement("div");
  head.className = "ask";
  const sign = span("sign");
  sign.dataset.icon = "search";
  sign.setAttribute("aria-hidden", "true");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-button";
  close.dataset.icon = "close";
  close.ariaLabel = t("Close");
  const key = document.createElement("kbd");
  key.textContent = "Esc";
  close.append(key);
  close.addEventListener("click", () => dialog.close());
  head.append(sign, field, close);
  return head;
}

/** What the keys do; nobody without a keyboard sees it. */
function keys() {
  const told = [
    ["↑ ↓", t("choose")],
    ["↵", t("open")],
    ["@", t("people")],
    ["#", t("rooms")],
    [">", t("commands")],
  ];
  return told.map(([key, what]) => {
    const one = span("key");
    one.setAttribute("aria-hidden", "true");
    const shown = document.createElement("kbd");
    shown.textContent = key;
    one.append(shown, ` ${what}`);
    return one;
  });
}
