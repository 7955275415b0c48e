/** The viewer: a picture of a message, whole, in a dialog. */

import { all, closest, required } from "./dom.js";
import { t } from "./i18n.js";
import { cover } from "./placeholders.js";

/** Pictures open in the dialog; with a modifier key a link stays a link. Arrow keys lead to the next. */
export class PictureViewer {
  #root;
  #dialog;
  #image;
  /** @type {HTMLAnchorElement | null} */
  #shown = null;

  /**
   * @param {HTMLElement} root where the pictures are
   * @param {HTMLDialogElement} dialog
   */
  constructor(root, dialog) {
    this.#root = root;
    this.#dialog = dialog;
    this.#image = required(dialog, "img", HTMLImageElement);
    root.addEventListener("click", (event) => this.#clicked(event));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => this.#shown?.focus());
    dialog.addEventListener("keydown", (event) => this.#step({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = closest(event, ".attachments a");
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
    if (!(link instanceof HTMLAnchorElement) || isElsewhere) {
      return;
    }
    event.preventDefault();
    this.#show(link);
    this.#dialog.setAttribute("aria-label", t("Picture"));
    this.#dialog.showModal();
  }

  /** @param {number} by how many pictures */
  #step(by) {
    const links = all(this.#root, ".attachments a", HTMLAnchorElement);
    const next = links[links.findIndex((link) => link === this.#shown) + by];
    if (by !== 0 && next) {
      this.#show(next);
    }
  }

  /** @param {HTMLAnchorElement} link */
  #show(link) {
    this.#shown = link;
    const small = link.querySelector("img");
    this.#dialog.querySelector("canvas.placeholder")?.remove();
    this.#image.removeAttribute("src");
    this.#image.alt = small?.alt ?? "";
    this.#image.width = small?.width ?? 0;
    const width = Number(link.dataset.width ?? small?.naturalWidth ?? 0);
    const height = Number(link.dataset.height ?? small?.naturalHeight ?? 0);
    if (width && height) {
      this.#image.width = width;
      this.#image.height = height;
    }
    cover(this.#image, link.dataset.placeholder ?? "");
    this.#image.src = link.href;
  }
}
