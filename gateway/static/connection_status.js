/**
 * The state of the connection as the reader sees it: nothing while all is well, no flicker for a short gap, and an
 * attempt that takes long is none. It is told where one writes, else at the foot of the list.
 */

import { actionButton, optional } from "./dom.js";
import { t } from "./i18n.js";

const FLICKER_MS_MAX = 1_000;
const LONG_MS = 10_000;

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
  const isLong = watchForLong(connection, () => change(connection.state));
  /** @param {import("./connection.js").ConnectionState} state */
  const change = (state) => {
    clearTimeout(timer);
    element.dataset.state = state;
    const show = () => {
      text.textContent = words[isLong() && state === "connecting" ? "offline" : state];
      element.hidden = state === "online";
      if (!element.hidden && element.offsetParent === null) {
        // On a phone the list, and its foot, are another view.
        optional(document, "main :is(.page-head, h1)")?.after(element);
      }
    };
    if (state === "connecting" && element.hidden && !isLong()) {
      timer = setTimeout(show, FLICKER_MS_MAX);
    } else {
      show();
    }
  };
  change(connection.state);
  connection.on("state", change);
}

/**
 * @param {import("./connection.js").Connection} connection
 * @param {() => void} tell that it has been away for long
 * @returns {() => boolean} whether it has
 */
function watchForLong(connection, tell) {
  let timer = 0;
  let isLong = false;
  /** @param {import("./connection.js").ConnectionState} state */
  const change = (state) => {
    if (state === "online") {
      clearTimeout(timer);
      timer = 0;
      isLong = false;
    } else {
      timer ||= setTimeout(() => {
        isLong = true;
        tell();
      }, LONG_MS);
    }
  };
  change(connection.state);
  connection.on("state", change);
  return () => isLong;
}
