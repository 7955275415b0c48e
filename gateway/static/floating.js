/** What floats beside the button that opened it: one at a time, closed by Escape or by going elsewhere. */

const GAP_PX = 4;
const EDGE_PX = 8;

/** @type {{opener: HTMLElement, close: (keepsFocus?: boolean) => void} | null} */
let present = null;

/** Close what is open; true: it was this opener's. @param {HTMLElement} opener */
export function closeFloating(opener) {
  const wasOwn = present?.opener === opener;
  present?.close();
  return wasOwn;
}

/**
 * @param {HTMLElement} layer
 * @param {HTMLElement} opener which gets the focus back
 * @returns {() => void} what closes it
 */
export function openFloating(layer, opener) {
  present?.close();
  layer.popover = "manual";
  layer.classList.add("floating");
  document.body.append(layer);
  layer.showPopover();
  place(layer, opener.getBoundingClientRect());
  const isButton = opener.matches("a, button"); // a message itself has no such state
  opener.ariaExpanded = isButton ? "true" : null;
  const parting = new AbortController();
  const close = (keepsFocus = false) => {
    present = null;
    parting.abort();
    if (!keepsFocus && layer.contains(document.activeElement)) {
      opener.focus(); // as long as it is shown because of what it opened
    }
    opener.ariaExpanded = isButton ? "false" : null;
    layer.remove();
  };
  present = { opener, close };
  listen(layer, opener, close, parting.signal);
  return close;
}

/**
 * @param {HTMLElement} layer
 * @param {HTMLElement} opener
 * @param {(keepsFocus?: boolean) => void} close
 * @param {AbortSignal} signal
 */
function listen(layer, opener, close, signal) {
  /** @param {EventTarget | null} target */
  const isElsewhere = (target) => target instanceof Node && !layer.contains(target) && !opener.contains(target);
  document.addEventListener("pointerdown", ({ target }) => isElsewhere(target) && close(true), {
    signal,
    capture: true,
  });
  layer.addEventListener("focusout", ({ relatedTarget }) => isElsewhere(relatedTarget) && close(true), { signal });
  layer.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  layer.addEventListener("contextmenu", (event) => event.preventDefault()); // of the key that opened it
  window.addEventListener("resize", () => place(layer, opener.getBoundingClientRect()), { signal });
}

/**
 * Below the opener, or above where there is more room; its end at the opener's, and all of it on the screen.
 * @param {HTMLElement} layer
 * @param {DOMRect} beside
 */
function place(layer, beside) {
  const { width, height } = layer.getBoundingClientRect();
  const isMirrored = getComputedStyle(layer).direction === "rtl";
  const left = isMirrored ? beside.left : beside.right - width;
  const below = beside.bottom + GAP_PX;
  const above = beside.top - GAP_PX - height;
  const fitsBelow = below + height <= innerHeight - EDGE_PX || above < EDGE_PX;
  layer.style.left = `${within(left, innerWidth - width)}px`;
  layer.style.top = `${within(fitsBelow ? below : above, innerHeight - height)}px`;
}

/** @param {number} wanted @param {number} end */
function within(wanted, end) {
  return Math.max(EDGE_PX, Math.min(wanted, end - EDGE_PX));
}
