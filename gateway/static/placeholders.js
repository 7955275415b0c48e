/** Placeholders: a picture's BlurHash until the picture is there. */

import { drawPlaceholder } from "./blurhash.js";
import { all } from "./dom.js";

/** Show each picture below `root` as its BlurHash until it has loaded. @param {HTMLElement} root */
export function placehold(root) {
  for (const link of all(root, ".gallery a[data-placeholder]")) {
    const image = link.querySelector("img");
    if (image && !image.complete && !link.querySelector("canvas")) {
      cover(image, link.dataset.placeholder ?? "");
    }
  }
}

/**
 * Put a placeholder before `image` and take it away when that is there.
 * @param {HTMLImageElement} image
 * @param {string} hash
 */
export function cover(image, hash) {
  const canvas = document.createElement("canvas");
  canvas.className = "placeholder";
  canvas.setAttribute("aria-hidden", "true");
  if (!drawPlaceholder(canvas, hash)) {
    return;
  }
  image.before(canvas);
  const uncover = () => canvas.remove();
  image.addEventListener("load", uncover, { once: true });
  image.addEventListener("error", uncover, { once: true });
}
