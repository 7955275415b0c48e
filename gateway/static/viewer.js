/** Pictures: a placeholder until they are there, and a full view. */

import { drawPlaceholder } from "./blurhash.js";
import { t } from "./words.js";

/** Show each picture below `root` as its BlurHash until it has loaded. */
export function placehold(root) {
  for (const link of root.querySelectorAll(".attachments a[data-placeholder]")) {
    const image = link.querySelector("img");
    if (image && !image.complete && !link.querySelector("canvas")) {
      cover(image, link.dataset.placeholder);
    }
  }
}

/** Put a placeholder before `image` and take it away when that is there. */
function cover(image, hash) {
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

/** Pictures open in the dialog; with a modifier key a link stays a link. Arrow keys lead to the next. */
export function wireViewer(root, dialog) {
  const image = dialog.querySelector("img");
  const links = () => [...root.querySelectorAll(".attachments a")];
  let shown = null;

  function show(link) {
    shown = link;
    const small = link.querySelector("img");
    dialog.querySelector("canvas.placeholder")?.remove();
    image.removeAttribute("src");
    image.alt = small?.alt ?? "";
    image.width = small?.width ?? 0;
    const [width, height] = [link.dataset.width ?? small?.naturalWidth, link.dataset.height ?? small?.naturalHeight];
    if (width && height) {
      image.width = width;
      image.height = height;
    }
    cover(image, link.dataset.placeholder ?? "");
    image.src = link.href;
  }

  root.addEventListener("click", (event) => {
    const link = event.target.closest(".attachments a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) {
      return;
    }
    event.preventDefault();
    show(link);
    dialog.setAttribute("aria-label", t("Picture"));
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => shown?.focus());
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const all = links();
    const next = step && all[all.indexOf(shown) + step];
    if (next) {
      show(next);
    }
  });
}
