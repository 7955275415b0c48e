/** Which messages are in view, as the browser tells it with each picture: nobody has to ask, and so to lay out. */

import { all } from "./dom.js";

const SEEN_PX = 12;

export class InView {
  /** @type {Set<HTMLElement>} */
  #articles = new Set();

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} log
   * @param {() => void} changed
   */
  constructor(scroller, log, changed) {
    const seeing = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          const article = /** @type {HTMLElement} */ (target);
          isIntersecting ? this.#articles.add(article) : this.#articles.delete(article);
        }
        changed();
      },
      { root: scroller, rootMargin: `0px 0px -${SEEN_PX}px 0px` },
    );
    all(log, ":scope > article").forEach((article) => seeing.observe(article));
    new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) {
        removedNodes.forEach((node) => node instanceof HTMLElement && this.#forget(seeing, node));
        addedNodes.forEach((node) => node instanceof HTMLElement && node.matches("article") && seeing.observe(node));
      }
    }).observe(log, { childList: true });
  }

  get articles() {
    return [...this.#articles].filter((one) => one.isConnected);
  }

  /** @param {IntersectionObserver} seeing @param {HTMLElement} element */
  #forget(seeing, element) {
    seeing.unobserve(element);
    this.#articles.delete(element);
  }
}
