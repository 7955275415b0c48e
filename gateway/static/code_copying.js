/** Copying code: a button on each block of code in a message. */

import { all, closest } from "./dom.js";
import { t } from "./i18n.js";

const COPIED_MS = 2_000;

/** @param {HTMLElement} root where messages are, now and later */
export function wireCodeCopying(root) {
  all(root, "pre:has(> code)").forEach(frame);
  new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      addedNodes.forEach((node) => node instanceof HTMLElement && prepare(node));
    }
  }).observe(root, { childList: true, subtree: true });
  root.addEventListener("click", (event) => {
    const button = closest(event, '[data-action="copy-code"]');
    if (button) {
      copy(button);
    }
  });
}

/** @param {HTMLElement} added */
function prepare(added) {
  const blocks = added.matches("pre:has(> code)") ? [added] : all(added, "pre:has(> code)");
  blocks.filter((block) => block.isConnected && !block.parentElement?.matches(".code-frame")).forEach(frame);
}

/** The button stands beside what scrolls. @param {HTMLElement} block */
function frame(block) {
  const around = document.createElement("div");
  around.className = "code-frame";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  button.dataset.action = "copy-code";
  button.dataset.icon = "copy";
  name(button, t("Copy the code"));
  block.replaceWith(around);
  around.append(block, button);
}

/** @param {HTMLElement} button */
async function copy(button) {
  const code = button.parentElement?.querySelector("code");
  if (!code || !(await isCopied(code))) {
    return;
  }
  button.dataset.icon = "done";
  name(button, t("Copied"));
  setTimeout(() => {
    button.dataset.icon = "copy";
    name(button, t("Copy the code"));
  }, COPIED_MS);
}

/** Over plain HTTP there is no clipboard but the old one. @param {HTMLElement} code */
async function isCopied(code) {
  try {
    await navigator.clipboard.writeText((code.textContent ?? "").replace(/\n$/, ""));
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return document.execCommand("copy");
  }
}

/** A name that is no part of the message's text. @param {HTMLElement} button @param {string} words */
function name(button, words) {
  button.title = words;
  button.setAttribute("aria-label", words);
}
