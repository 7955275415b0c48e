/** The page's elements, found by selector and of the kind that the code counts on. */

/**
 * The element that a template promises. Throws where it is missing, or of another kind.
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} [kind] HTMLElement where it is not given
 * @returns {Kind}
 */
export function required(root, selector, kind) {
  const found = optional(root, selector, kind);
  if (found === null) {
    throw new Error(`The page has no ${selector}`);
  }
  return found;
}

/**
 * The element that only some pages have.
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} [kind]
 * @returns {Kind | null}
 */
export function optional(root, selector, kind) {
  const found = root.querySelector(selector);
  return found instanceof (kind ?? HTMLElement) ? /** @type {Kind} */ (found) : null;
}

/**
 * All of them, in the order of the page.
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} [kind]
 * @returns {Kind[]}
 */
export function all(root, selector, kind) {
  const found = [...root.querySelectorAll(selector)].filter((one) => one instanceof (kind ?? HTMLElement));
  return /** @type {Kind[]} */ (found);
}

/**
 * Where the event happened, if that is in such an element: the element.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/**
 * A button that submits nothing.
 * @param {string} action what `data-action` says of it
 * @param {string} text
 */
export function actionButton(action, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.action = action;
  button.textContent = text;
  return button;
}
