/** Whether somebody looks at this page, and at which conversation they look in any tab of the browser. */

import { me } from "./people.js";

const PREFIX = `parley.looks-at.${me}.`;

export function isLooking() {
  return document.visibilityState === "visible" && document.hasFocus();
}

/**
 * While somebody looks at this page, which shows the conversation, other tabs know of it: it holds a lock of that name,
 * which ends with the page, however that ends.
 * @param {Api.Label} conversation
 */
export function tellLooking(conversation) {
  let stop = () => {};
  const update = () => {
    stop();
    if (isLooking()) {
      /** @type {Promise<void>} */
      const over = new Promise((resolve) => (stop = resolve));
      navigator.locks.request(PREFIX + conversation, { mode: "shared" }, () => over);
    }
  };
  addEventListener("focus", update);
  addEventListener("blur", update);
  document.addEventListener("visibilitychange", update);
  update();
}

/** Whether somebody looks at the conversation, in this tab or in another one. @param {Api.Label} conversation */
export async function isLookedAt(conversation) {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === PREFIX + conversation);
}
