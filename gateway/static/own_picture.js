/** One's own picture in the settings: a press on it chooses a file, which is cropped to a square before it is sent. */

import { required } from "./dom.js";
import { t } from "./i18n.js";
import { previewOf } from "./picture_preview.js";

/** @param {HTMLInputElement} input */
export function wireOwnPicture(input) {
  const avatar = required(document, ".own-picture .avatar");
  const hint = required(document, "#picture-hint");
  const take = async () => {
    const file = input.files?.[0];
    if (!file) {
      return;
    }
    const { crop } = await import("./avatar_crop.js");
    const square = await crop(file);
    if (square === null) {
      input.value = "";
      return;
    }
    put(input, square);
    show(avatar, square);
    hint.textContent = t("Chosen: %(name)s. Save to show it.", { name: file.name });
  };
  input.addEventListener("change", take);
  take(); // chosen before this script came, or kept by the browser when the page was loaded again
}

/** @param {HTMLInputElement} input @param {File} file */
function put(input, file) {
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
}

/** Where the browser cannot show it, what was shown before stays. @param {HTMLElement} avatar @param {File} file */
async function show(avatar, file) {
  const preview = await previewOf(file);
  if (preview !== null) {
    avatar.querySelector("canvas")?.remove();
    avatar.append(preview);
  }
}
