/** What is only worth fetching once somebody can see it. */

import { all } from "./dom.js";

/**
 * Tell of each element below `root` that `selector` finds, now or later, once: when it comes near to being seen.
 * @param {HTMLElement} root
 * @param {string} selector
 * @param {(element: HTMLElement) => void} handler
 */
export function whenVisible(root, selector, handler) {
  const seeing = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && target instanceof HTMLElement) {
        seeing.unobserve(target);
        handler(target);
      }
    }
  });
  /** @param {ParentNode} place */
  const watch = (place) => all(place, selector).forEach((element) => seeing.observe(element));
  watch(root);
  const growing = new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (node instanceof HTMLElement) {
        watch(node);
      }
    }
  });
  growing.observe(root, { childList: true, subtree: true });
}
