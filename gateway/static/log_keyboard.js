/** The log by keyboard: one stop for the tab key; arrows go from message to message, Enter into one, Escape back. */

import { all, closest, optional } from "./dom.js";

const CONTROLS = "a[href], button, input, select, textarea, summary, audio, video, [tabindex]";

export class LogKeyboard {
  #scroller;
  #log;
  #leave;
  #toStart;
  #toEnd;
  #loadOlder;
  /** The message that has the focus, or has something in it that has. @type {HTMLElement | null} */
  #current = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.scroller the stop for the tab key
   * @param {HTMLElement} parts.log
   * @param {() => void} parts.leave to where one writes
   * @param {() => Promise<void>} parts.toStart show the first messages of all
   * @param {() => Promise<void>} parts.toEnd show the newest ones
   * @param {() => Promise<void>} parts.loadOlder
   */
  constructor({ scroller, log, leave, toStart, toEnd, loadOlder }) {
    this.#scroller = scroller;
    this.#log = log;
    this.#leave = leave;
    this.#toStart = toStart;
    this.#toEnd = toEnd;
    this.#loadOlder = loadOlder;
    all(log, ":scope > article, .more").forEach(close); // the keys load what the links lead to
    new MutationObserver((changes) => this.#closeNew(changes)).observe(log, { childList: true, subtree: true });
    scroller.addEventListener("focusin", (event) => this.#enter(closest(event, "article")));
    scroller.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && scroller.contains(relatedTarget))) {
        this.#enter(null);
      }
    });
    scroller.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Only what is in the message with the focus can be reached by the tab key. @param {HTMLElement | null} article */
  #enter(article) {
    if (article !== this.#current) {
      this.#current?.isConnected && close(this.#current);
      this.#current = article;
      article && open(article);
    }
  }

  /** @param {MutationRecord[]} changes */
  #closeNew(changes) {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      const article = node instanceof HTMLElement ? node.closest("article") : null;
      if (article && article !== this.#current) {
        close(/** @type {HTMLElement} */ (node));
      }
    }
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
      return;
    }
    const isAtMessage = target === this.#current || target === this.#scroller;
    if (key === "Escape") {
      event.preventDefault();
      isAtMessage ? this.#leave() : this.#current?.focus();
    } else if (isAtMessage && key === "Enter") {
      this.#open(event);
    } else if (isAtMessage && ["ArrowUp", "ArrowDown", "Home", "End"].includes(key)) {
      event.preventDefault();
      this.#go(key);
    }
  }

  /** To what can be done with the message. @param {KeyboardEvent} event */
  #open(event) {
    const tool = this.#current && all(this.#current, ".tools :is(a, button)").find((one) => one.checkVisibility());
    if (tool) {
      event.preventDefault();
      tool.focus();
    }
  }

  /** @param {string} key */
  async #go(key) {
    if (key === "Home") {
      await this.#toStart();
    } else if (key === "End") {
      await this.#toEnd();
    } else if (key === "ArrowUp" && this.#current && !neighbour(this.#current, "previous")) {
      await this.#loadOlder();
    }
    if (this.#scroller.contains(document.activeElement)) {
      this.#focus(this.#next(key)); // else they have gone on, while it was loaded
    }
  }

  /** @param {string} key @returns {HTMLElement | null} */
  #next(key) {
    if (key === "Home" || key === "End") {
      return optional(this.#log, `:scope > article:${key === "Home" ? "first" : "last"}-of-type`);
    }
    if (!this.#current) {
      return this.#lastInView();
    }
    return neighbour(this.#current, key === "ArrowUp" ? "previous" : "next");
  }

  #lastInView() {
    const { bottom } = this.#scroller.getBoundingClientRect();
    return all(this.#log, ":scope > article").findLast((one) => one.getBoundingClientRect().top < bottom) ?? null;
  }

  /** @param {HTMLElement | null} article */
  #focus(article) {
    article?.focus({ preventScroll: true });
    article?.scrollIntoView({ block: "nearest" });
  }
}

/** @param {HTMLElement} article @param {"previous" | "next"} side @returns {HTMLElement | null} */
function neighbour(article, side) {
  let one = article[`${side}ElementSibling`];
  while (one && !one.matches("article")) {
    one = one[`${side}ElementSibling`];
  }
  return one instanceof HTMLElement ? one : null;
}

/** What is in it is no stop for the tab key. @param {HTMLElement} root */
function close(root) {
  const inside = all(root, CONTROLS);
  const controls = root.matches(CONTROLS) && root.localName !== "article" ? [root, ...inside] : inside;
  for (const control of controls) {
    if (control.getAttribute("tabindex") !== "-1") {
      control.dataset.tab = control.getAttribute("tabindex") ?? "";
      control.tabIndex = -1;
    }
  }
}

/** As it was. @param {HTMLElement} article */
function open(article) {
  for (const control of all(article, "[data-tab]")) {
    const { tab } = control.dataset;
    tab ? control.setAttribute("tabindex", tab) : control.removeAttribute("tabindex");
    delete control.dataset.tab;
  }
}
