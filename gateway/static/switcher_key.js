/** Ctrl+K, and what else leads to the switcher, which comes with its first use. */

import { closest } from "./dom.js";

// Of the frame: the page of search has a field of its own.
const ENTRANCES = ':not(main *):is(form[action="/search"] input[name="query"], a[href="/search"])';

export function wireSwitcher() {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      if (!event.defaultPrevented && !event.isComposing) {
        event.preventDefault();
        void open();
      }
    }
  });
  document.addEventListener("click", (event) => {
    const entrance = closest(event, ENTRANCES);
    if (entrance && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      void open(entrance instanceof HTMLInputElement ? entrance : null);
    }
  });
}

let isOpening = false;

/**
 * Where it cannot be had, the page of search does the same.
 * @param {HTMLInputElement | null} [field] with what is typed
 */
async function open(field = null) {
  if (isOpening) {
    return; // the first time it has to be fetched
  }
  isOpening = true;
  try {
    const { toggleSwitcher } = await import("./switcher.js");
    toggleSwitcher(field?.value ?? "");
  } catch {
    if (!field) {
      location.assign("/search");
    }
  } finally {
    isOpening = false;
  }
}
