/** What stands around the messages, taken over from a fresh page of the same conversation. */

import { all, optional } from "./dom.js";
import { learnModeration } from "./moderation.js";
import { showTime } from "./time_format.js";

const PARTS = ["main .titles", "#details", "#composer-note"];

/**
 * What is open stays open, and the focus where it is.
 * @param {Document} page
 * @param {{isRefresh?: boolean}} [how] a refresh, for which the reader did nothing, leaves what they typed and read
 */
export function takeOver(page, { isRefresh = false } = {}) {
  learnModeration(page);
  for (const part of PARTS) {
    const [old, fresh] = [optional(document, part), optional(page, part)];
    if (!old || !fresh) {
      continue;
    }
    const focused = old.contains(document.activeElement) ? pathTo(document.activeElement) : null;
    keepOpen(old, fresh);
    if (isRefresh) {
      keepTyped(old, fresh);
      optional(fresh, ".close")?.after(...all(old, ":scope > .notice, :scope > .banner"));
    }
    all(fresh, "time[datetime]", HTMLTimeElement).forEach((time) => showTime(time, new Date(time.dateTime)));
    become(old, fresh);
    if (focused !== null) {
      optional(document, focused)?.focus();
    }
  }
}

/**
 * The element itself stays: on phones the details are open as long as it is the target of the address.
 * @param {HTMLElement} old
 * @param {HTMLElement} fresh
 */
function become(old, fresh) {
  for (const { name } of [...old.attributes].filter((one) => !fresh.hasAttribute(one.name))) {
    old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    old.setAttribute(name, value);
  }
  old.replaceChildren(...fresh.childNodes);
}

/** How to find the same place in another page. @param {Element | null} element */
function pathTo(element) {
  const field = element?.id ? `#${CSS.escape(element.id)}` : null;
  const opened = element?.closest("details[id]")?.id;
  return field ?? (opened ? `#${CSS.escape(opened)} > summary` : "#details .close");
}

/** @param {HTMLElement} old @param {HTMLElement} fresh */
function keepOpen(old, fresh) {
  for (const { id } of all(old, "details[id][open]")) {
    optional(fresh, `#${CSS.escape(id)}`)?.setAttribute("open", "");
  }
}

/** @param {HTMLElement} old @param {HTMLElement} fresh */
function keepTyped(old, fresh) {
  for (const field of all(old, "input[id], textarea[id]")) {
    const other = optional(fresh, `#${CSS.escape(field.id)}`);
    if (isText(field) && isText(other) && field.value !== field.defaultValue) {
      other.value = field.value;
    }
  }
  for (const field of all(old, "select[id]", HTMLSelectElement)) {
    const other = optional(fresh, `#${CSS.escape(field.id)}`, HTMLSelectElement);
    if (other && !field.selectedOptions[0]?.defaultSelected) {
      other.value = field.value;
    }
  }
}

/** @param {Element | null} element @returns {element is HTMLInputElement | HTMLTextAreaElement} */
function isText(element) {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
}
