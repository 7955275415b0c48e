/** The picker of emoji. */

import { t } from "./words.js";

const EMOJI = [
  "👍", "👎", "❤️", "😂", "🙂", "😉", "😍", "😮", "😢", "😡", "🤔", "🙄",
  "🎉", "🔥", "👏", "🙏", "💪", "👀", "✅", "❌", "💯", "⭐", "🚀", "☕",
  "🍰", "🍕", "🌈", "🌻", "🐱", "🐶", "🐢", "🎂", "👋", "🤝", "💡", "⏰",
];

/** Open a picker in the article, or close the one that is there. `onPick(emoji)` is told of the choice. */
export function togglePicker(article, opener, onPick) {
  const isOpen = article.querySelector(".picker") !== null;
  closePickers();
  if (!isOpen) {
    open(article, opener, onPick);
  }
}

export function closePickers() {
  document.querySelectorAll(".picker").forEach((picker) => picker.remove());
}

function open(article, opener, onPick) {
  const picker = document.createElement("div");
  picker.className = "picker";
  picker.setAttribute("role", "group");
  picker.setAttribute("aria-label", t("Choose a reaction"));
  picker.setAttribute("aria-live", "off");
  picker.append(...EMOJI.map(emojiButton));
  const close = () => {
    picker.remove();
    opener.focus();
  };
  picker.addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (chosen) {
      close();
      onPick(chosen.value);
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
  picker.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !picker.contains(event.relatedTarget) && event.relatedTarget !== opener) {
      picker.remove();
    }
  });
  article.append(picker);
  const roomBelow = document.getElementById("scroller").getBoundingClientRect().bottom;
  if (picker.getBoundingClientRect().bottom > roomBelow) {
    picker.style.insetBlock = "auto calc(100% - 1.5rem)"; // above the tools, where there is room
  }
  picker.firstElementChild.focus();
}

function emojiButton(emoji, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.value = emoji;
  button.textContent = emoji;
  button.tabIndex = index === 0 ? 0 : -1;
  return button;
}

/** One stop for the tab key, arrows within. */
function rove(picker, event) {
  const buttons = [...picker.children];
  const here = buttons.indexOf(document.activeElement);
  const columns = buttons.filter((one) => one.offsetTop === buttons[0].offsetTop).length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const places = { Home: 0, End: buttons.length - 1 };
  const next = buttons[event.key in places ? places[event.key] : here + (steps[event.key] ?? NaN)];
  if (next) {
    event.preventDefault();
    buttons[here].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
