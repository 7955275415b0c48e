/**
 * The state of the connection as the reader sees it: nothing while all is well, and no flicker for a short gap. It is
 * told where one writes, else at the foot of the list.
 */

import { optional } from "./dom.js";
import { t } from "./i18n.js";

const FLICKER_MS_MAX = 1_000;

/**
 * @param {import("./connection.js").Connection} connection
 * @param {HTMLElement} element
 */
export function showConnection(connection, element) {
  const words = { connecting: t("Connecting …"), offline: t("Offline"), online: "" };
  let timer = 0;
  optional(document, "#composer")?.before(element);
  /** @param {import("./connection.js").ConnectionState} state */
  const change = (state) => {
    clearTimeout(timer);
    element.dataset.state = state;
    const show = () => {
      element.textContent = words[state];
      element.hidden = state === "online";
      if (!element.hidden && element.offsetParent === null) {
        // On a phone the list, and its foot, are another view.
        optional(document, "main h1")?.after(element);
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
