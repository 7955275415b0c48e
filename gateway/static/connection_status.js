/**
 * The state of the connection as the reader sees it: nothing while all is well, and no flicker for a short gap. It is
 * told where one writes, else at the foot of the list.
 */

import { actionButton, optional } from "./dom.js";
import { t } from "./i18n.js";

const FLICKER_MS_MAX = 1_000;

/**
 * @param {import("./connection.js").Connection} connection
 * @param {HTMLElement} element
 */
export function showConnection(connection, element) {
  const composer = optional(document, "#composer");
  composer?.before(element);
  const lost = composer ? t("No connection. What you write is kept, and sent when it is back.") : t("No connection.");
  const words = { connecting: t("Connecting …"), offline: lost, online: "" };
  const text = document.createElement("span");
  const retry = actionButton("retry", t("Try now"));
  retry.className = "compact";
  retry.addEventListener("click", () => connection.hurry());
  element.append(text, retry);
  let timer = 0;
  /** @param {import("./connection.js").ConnectionState} state */
  const change = (state) => {
    clearTimeout(timer);
    element.dataset.state = state;
    const show = () => {
      text.textContent = words[state];
      element.hidden = state === "online";
      if (!element.hidden && element.offsetParent === null) {
        // On a phone the list, and its foot, are another view.
        optional(document, "main :is(.page-head, h1)")?.after(element);
      }
    };
    if (state === "connecting" && element.hidden) {
      timer = setTimeout(show, FLICKER_MS_MAX);
    } else {
      show();
    }
  };
  change(connection.state);
  connection.on("state", change);
}
