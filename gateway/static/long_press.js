/** A long press: what a finger has in the place of the right button. */

const PRESS_MS = 450;
const MOVED_PX_MAX = 10;
/** What a finger has other wishes of: the browser knows more of a link, and a field is written in. */
const EXCEPT = ".text a, .link-cards a, input, textarea, select, form:not(.reactions)";

/** A press: where it began, until it is long enough. @typedef {{x: number, y: number, timer: number}} Press */

/**
 * Scrolling ends a press, and so does a finger that moves or is lifted too soon.
 * @param {HTMLElement} root
 * @param {string} selector of what can be pressed
 * @param {(pressed: HTMLElement, target: Element) => void} onPress
 */
export function wireLongPress(root, selector, onPress) {
  /** @type {Press | null} */
  let press = null;
  let isLong = false;
  for (const type of ["pointerdown", "pointerover"]) {
    // What comes by hovering must not come under a finger.
    root.addEventListener(type, (event) =>
      root.classList.toggle("touched", /** @type {PointerEvent} */ (event).pointerType !== "mouse"),
    );
  }
  const cancel = () => {
    clearTimeout(press?.timer);
    press = null;
  };
  root.addEventListener("pointerdown", (event) => {
    cancel();
    isLong = false;
    const target = event.target instanceof Element && !event.target.closest(EXCEPT) ? event.target : null;
    const pressed = target?.closest(selector);
    if (event.pointerType !== "mouse" && event.isPrimary && target && pressed instanceof HTMLElement) {
      const timer = setTimeout(() => {
        press = null;
        isLong = true;
        onPress(pressed, target);
      }, PRESS_MS);
      press = { x: event.clientX, y: event.clientY, timer };
    }
  });
  root.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (press && Math.hypot(clientX - press.x, clientY - press.y) > MOVED_PX_MAX) {
      cancel();
    }
  });
  for (const type of ["pointerup", "pointercancel", "dragstart"]) {
    root.addEventListener(type, cancel);
  }
  document.addEventListener("scroll", cancel, { capture: true, passive: true });
  wireSilence(root, () => press !== null || isLong);
}

/**
 * The finger that pressed long does nothing else: no menu of the browser's, and no click where it is lifted.
 * @param {HTMLElement} root
 * @param {() => boolean} isPressing
 */
function wireSilence(root, isPressing) {
  for (const type of ["contextmenu", "click"]) {
    const silence = (/** @type {Event} */ event) => {
      if (isPressing() && !(type === "click" && isByKey(event))) {
        event.preventDefault();
        event.stopPropagation();
      }
    };
    root.addEventListener(type, silence, { capture: true });
  }
}

/** @param {Event} event */
function isByKey(event) {
  return event instanceof MouseEvent && event.detail === 0;
}
