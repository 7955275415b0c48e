/** The picker of emoji, for reactions and for what one writes: beside its button, or as a sheet for a finger. */

import { EmojiGrid } from "./emoji_grid.js";
import { loadEmoji } from "./emoji_names.js";
import { closeFloating, openFloating } from "./floating.js";
import { rememberEmoji } from "./recent_emoji.js";
import { openSheet } from "./sheet.js";
import { loadStyle } from "./styles.js";

const STYLE = new URL("./emoji_picker.css", import.meta.url);
const withoutHover = matchMedia("(hover: none)");

/**
 * Or close it, where it is open. Rejects where the names cannot be had.
 * @param {HTMLElement} opener which gets the focus back
 * @param {string} label what it is for
 * @param {(emoji: string) => void} onPick
 */
export async function toggleEmojiPicker(opener, label, onPick) {
  if (closeFloating(opener)) {
    return;
  }
  const [emoji] = await Promise.all([loadEmoji(), loadStyle(STYLE)]);
  const grid = new EmojiGrid(emoji, (picked) => {
    close();
    rememberEmoji(picked);
    onPick(picked);
  });
  let close = () => {};
  if (withoutHover.matches) {
    await openSheet(label, (closeSheet) => {
      close = closeSheet;
      return [grid.element];
    });
  } else {
    grid.element.setAttribute("role", "dialog");
    grid.element.ariaLabel = label;
    close = openFloating(grid.element, opener);
    grid.focus();
  }
}
