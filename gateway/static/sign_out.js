/** Signing out, and erasing: what was kept on this device goes; who signs out leaves in all pages of the browser. */

import { closest } from "./dom.js";

const PREFIX = "parley.";
const SIGNED_OUT = `${PREFIX}signed_out`;

/** @param {import("./connection.js").Connection} connection */
export function wireSignOut(connection) {
  const leave = () => {
    connection.leave();
    forget();
    addEventListener("pagehide", forget, { once: true }); // the draft puts itself aside as the page goes
  };
  document.addEventListener("click", (event) => {
    if (closest(event, 'a[href="/logout"]')) {
      leave();
      localStorage.setItem(SIGNED_OUT, "");
      localStorage.removeItem(SIGNED_OUT);
    }
  });
  document.addEventListener("submit", ({ target }) => {
    // Erased, it ends as a session does, and the page's own socket is not to hear of it first.
    if (target instanceof HTMLFormElement && target.getAttribute("action") === "/settings/erase") {
      leave();
    }
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === SIGNED_OUT && newValue !== null) {
      leave();
      location.replace("/sign-in");
    }
  });
}

/** The server says so, too (`Clear-Site-Data`); not all browsers listen, nor any over plain HTTP. */
function forget() {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage).filter((one) => one.startsWith(PREFIX))) {
      storage.removeItem(key);
    }
  }
}
