/** One's own picture in the settings: a press on it chooses a file, which is cropped to a square before it is sent. */

import { required } from "./dom.js";
import { t } from "./i18n.js";

/** @param {HTMLInputElement} input */
export function wireOwnPicture(input) {
  const avatar = required(document, ".own-picture .avatar");
  const hint = required(document, "#picture-hint");
  input.addEventListener("change", async () => {
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
  });
}

/** @param {HTMLInputElement} input @param {File} file */
function put(input, file) {
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
}

/** Where the browser cannot show it, what was shown before stays. @param {HTMLElement} avatar @param {File} file */
function show(avatar, file) {
  const reader = new FileReader();
  reader.addEventListener("load", async () => {
    const image = new Image();
    image.alt = "";
    image.src = String(reader.result); // small by now, and of no address that the page may not load
    await image.decode().then(() => avatar.append(image), () => {});
  });
  reader.readAsDataURL(file);
}
