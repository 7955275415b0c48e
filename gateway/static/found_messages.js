/** Messages of any conversation in a list, of an inbox or a search: they follow what becomes of them. */

import { all, required } from "./dom.js";
import { t } from "./i18n.js";
import { preview } from "./texts.js";

/** @param {import("./connection.js").Connection} connection */
export function wireFoundMessages(connection) {
  connection.on("edited", ({ id, message }) => say(id, preview(message)));
  connection.on("deleted", ({ id }) => say(id, t("This message was deleted.")));
}

/** @param {number} id @param {string} text */
function say(id, text) {
  for (const link of all(document, `.found a[href$="#message-${id}"]`)) {
    required(link, ".last").textContent = text;
  }
}
