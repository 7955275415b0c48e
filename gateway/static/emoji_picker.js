/** The picker of emoji. */

import { all, closest, required } from "./dom.js";
import { t } from "./i18n.js";

const EMOJI = [
  "👍", "👎", "❤️", "😂", "🙂", "😉", "😍", "😮", "😢", "😡", "🤔", "🙄",
  "🎉", "🔥", "👏", "🙏", "💪", "👀", "✅", "❌", "💯", "⭐", "🚀", "☕",
  "🍰", "🍕", "🌈", "🌻", "🐱", "🐶", "🐢", "🎂", "👋", "🤝", "💡", "⏰",
];

/**
 * Open a picker in the article, or close the one that is there.
 * @param {HTMLElement} article
 * @param {HTMLElement} opener
 * @param {(emoji: string) => void} onPick
 */
export function togglePicker(article, opener, onPick) {
  const isOpen = article.querySelector(".picker") !== null;
  closePickers();
  if (!isOpen) {
    open(article, opener, onPick);
  }
}

function closePickers() {
  all(document, ".picker").forEach((picker) => picker.remove());
}

/** @param {HTMLElement} article @param {HTMLElement} opener @param {(emoji: string) => void} onPick */
function open(article, opener, onPick) {
  const picker = document.createElement("div");
  picker.className = "picker";
  picker.setAttribute("role", "group");
  picker.setAttribute("aria-label", t("Choose a reaction"));
  picker.setAttribute("aria-live", "off");
  picker.append(...EMOJI.map(emojiButton));
  listen(picker, opener, onPick);
  article.append(picker);
  const end = required(document, "#scroller").getBoundingClientRect().bottom;
  if (picker.getBoundingClientRect().bottom > end) {
    picker.style.insetBlock = "auto calc(100% - 1.5rem)"; // above the tools, where there is room
  }
  required(picker, "button").focus();
}

/** @param {HTMLElement} picker @param {HTMLElement} opener @param {(emoji: string) => void} onPick */
function listen(picker, opener, onPick) {
  const close = () => {
    picker.remove();
    opener.focus();
  };
  picker.addEventListener("click", (event) => {
    const button = closest(event, "button");
    if (button instanceof HTMLButtonElement) {
      close();
      onPick(button.value);
    }
  });
  picker.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else {
      rove(picker, event);
    }
  });
  picker.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !picker.contains(relatedTarget) && relatedTarget !== opener) {
      picker.remove();
    }
  });
}

/** @param {string} emoji @param {number} index */
function emojiButton(emoji, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.value = emoji;
  button.textContent = emoji;
  button.tabIndex = index === 0 ? 0 : -1;
  return button;
}

/** One stop for the tab key, arrows within. @param {HTMLElement} picker @param {KeyboardEvent} event */
function rove(picker, event) {
  const buttons = all(picker, "button", HTMLButtonElement);
  const here = buttons.findIndex((button) => button === document.activeElement);
  const columns = buttons.filter((one) => one.offsetTop === buttons[0].offsetTop).length;
  /** @type {Record<string, number>} */
  const places = {
    ArrowRight: here + 1,
    ArrowLeft: here - 1,
    ArrowDown: here + columns,
    ArrowUp: here - columns,
    Home: 0,
    End: buttons.length - 1,
  };
  const next = buttons[places[event.key] ?? -1];
  if (next) {
    event.preventDefault();
    buttons[here].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
