/** A sheet: what comes up from the bottom, for a finger. It is swiped away, or closed by a touch beside it. */

import { loadStyle } from "./styles.js";

const STYLE = new URL("./sheet.css", import.meta.url);
const SWIPED_PX_MIN = 80;

/**
 * Whoever had the focus gets it back.
 * @param {string} label what it is for
 * @param {(close: () => void) => (HTMLElement | string)[]} fill
 */
export async function openSheet(label, fill) {
  await loadStyle(STYLE);
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.ariaLabel = label;
  dialog.autofocus = true; // and not a field in it, which would bring the keyboard
  const grip = document.createElement("div");
  grip.className = "grip";
  dialog.append(grip, ...fill(() => dialog.close()));
  dialog.addEventListener("close", () => dialog.remove());
  wireOutside(dialog);
  wireSwipe(dialog, grip);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * A touch beside it closes it: what began in it may end there. And the finger that opened it presses nothing of it
 * where it is lifted.
 * @param {HTMLDialogElement} dialog
 */
function wireOutside(dialog) {
  let hasBegun = false;
  let beganOutside = false;
  dialog.addEventListener("pointerdown", (event) => {
    const { top, left, right } = dialog.getBoundingClientRect();
    beganOutside = event.target === dialog && (event.clientY < top || event.clientX < left || event.clientX > right);
    hasBegun = true;
  });
  const silence = (/** @type {MouseEvent} */ event) => {
    if (!hasBegun && event.detail > 0) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  dialog.addEventListener("click", silence, { capture: true });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && beganOutside) {
      dialog.close();
    }
  });
}

/** @param {HTMLDialogElement} dialog @param {HTMLElement} grip */
function wireSwipe(dialog, grip) {
  let from = 0;
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    from = event.clientY;
  });
  grip.addEventListener("pointermove", (event) => {
    if (grip.hasPointerCapture(event.pointerId)) {
      dialog.style.translate = `0 ${Math.max(0, event.clientY - from)}px`;
    }
  });
  grip.addEventListener("lostpointercapture", (event) => {
    if (event.clientY - from > SWIPED_PX_MIN) {
      dialog.close();
    }
    dialog.style.translate = "";
  });
}
