/** One's own picture in the settings: a press on it chooses a file, which is cropped to a square before it is sent. */

import { optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { previewOf } from "./picture_preview.js";

/** @param {HTMLInputElement} input */
export function wireOwnPicture(input) {
  const avatar = required(document, ".own-picture .avatar");
  const hint = required(document, "#picture-hint");
  const unchosen = hint.textContent;
  const take = async () => {
    optional(avatar, "canvas")?.remove();
    hint.textContent = unchosen;
    const file = input.files?.[0];
    if (!file) {
      return;
    }
    const { crop } = await import("./avatar_crop.js");
    if (input.files?.[0] !== file) {
      return; // another one, which is asked about by itself
    }
    const square = await crop(file);
    if (square === null) {
      input.value = "";
      return;
    }
    put(input, square);
    hint.textContent = t("Chosen: %(name)s. Save to show it.", { name: file.name });
    const preview = await previewOf(square);
    if (preview !== null && input.files?.[0] === square) {
      avatar.append(preview);
    }
  };
  input.addEventListener("change", take);
  take(); // it may have been chosen before this script came
}

/** @param {HTMLInputElement} input @param {File} file */
function put(input, file) {
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
}
