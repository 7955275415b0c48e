/** Of what in a conversation one wants to be told: kept as soon as it is chosen. */

import { ownPathOf } from "./conversation_label.js";
import { all, closest, optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { tryTo } from "./message_changes.js";
import { format } from "./time_format.js";

const HOUR_MS = 3_600_000;

/**
 * @param {HTMLElement} details in which the form may be another one later
 * @param {Api.Label} conversation
 * @param {import("./connection.js").Connection} connection
 */
export function wireNotificationSettings(details, conversation, connection) {
  /** @param {Event} event */
  const save = async (event) => {
    const form = closest(event, "#notifications");
    if (!form) {
      return;
    }
    event.preventDefault();
    const { level, mute } = fieldsOf(form);
    const body = { level: level.value, muted_until: untilOf(mute.value) };
    const reason = await tryTo("PUT", `${ownPathOf(conversation)}/notifications`, body);
    for (const place of [...all(details, "#notifications .saved"), ...all(document, "#announcement")]) {
      place.textContent = reason || t("Saved.");
    }
  };
  details.addEventListener("change", save);
  details.addEventListener("submit", save);
  connection.on("notifications", (event) => {
    const form = optional(details, "#notifications");
    if (form && event.conversation === conversation) {
      const { level, mute } = fieldsOf(form);
      level.value = event.level;
      showUntil(mute, event.muted_until);
    }
  });
  const until = optional(details, "#notifications [data-until]", HTMLOptionElement);
  if (until) {
    showUntil(required(details, '[name="mute"]', HTMLSelectElement), until.value); // in the reader's zone
  }
}

/** @param {HTMLElement} form */
function fieldsOf(form) {
  return {
    level: required(form, '[name="level"]', HTMLSelectElement),
    mute: required(form, '[name="mute"]', HTMLSelectElement),
  };
}

/** @param {string} value hours, a moment, or nothing */
function untilOf(value) {
  return /^\d+$/.test(value) ? new Date(Date.now() + Number(value) * HOUR_MS).toISOString() : value || null;
}

/** @param {HTMLSelectElement} mute @param {string | null} until */
function showUntil(mute, until) {
  optional(mute, "[data-until]", HTMLOptionElement)?.remove();
  if (until) {
    const option = new Option(t("Until %(time)s", { time: format(new Date(until), "full") }), until);
    option.dataset.until = "";
    mute.options[0].after(option);
  }
  mute.value = until ?? "";
}
