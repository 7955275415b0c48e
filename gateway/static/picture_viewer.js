/** The viewer: a picture of the conversation, whole, in a dialog; arrows and swipes lead to the next. */

import { all, closest, required } from "./dom.js";
import { nameParts } from "./file_names.js";
import { t } from "./i18n.js";
import { cover } from "./placeholders.js";

const SWIPE_PX = 48;

/** With a modifier key a link stays a link. */
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
    dialog.addEventListener("click", (event) => this.#clickedInside(event));
    dialog.addEventListener("close", () => this.#returnFocus());
    dialog.addEventListener("keydown", (event) => this.#step({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0));
    this.#wireSwipes(required(dialog, ".whole"));
  }

  /** All of the conversation that this page has, in their order. */
  get #links() {
    return all(this.#root, ".gallery a", HTMLAnchorElement);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = closest(event, ".gallery a");
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
    if (!(link instanceof HTMLAnchorElement) || isElsewhere) {
      return;
    }
    event.preventDefault();
    this.#show(link);
    this.#dialog.showModal();
  }

  /** Beside the picture is out. @param {MouseEvent} event */
  #clickedInside(event) {
    const action = closest(event, "[data-action]")?.dataset.action;
    if (action) {
      this.#step(action === "next" ? 1 : -1);
    } else if (closest(event, ".whole") && event.target !== this.#image) {
      this.#dialog.close();
    }
  }

  /** @param {HTMLElement} place */
  #wireSwipes(place) {
    /** @type {{x: number, y: number} | null} */
    let from = null;
    place.addEventListener("pointerdown", (event) => {
      from = event.pointerType === "touch" && event.isPrimary ? { x: event.clientX, y: event.clientY } : null;
    });
    place.addEventListener("pointercancel", () => (from = null));
    place.addEventListener("pointerup", (event) => {
      const [x, y] = from ? [event.clientX - from.x, event.clientY - from.y] : [0, 0];
      from = null;
      if (Math.abs(x) > SWIPE_PX && Math.abs(x) > Math.abs(y)) {
        this.#step(x < 0 ? 1 : -1);
      }
    });
  }

  /** @param {number} by how many pictures */
  #step(by) {
    const links = this.#links;
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
    this.#image.width = Number(link.dataset.width) || (small?.naturalWidth ?? 0);
    this.#image.height = Number(link.dataset.height) || (small?.naturalHeight ?? 0);
    cover(this.#image, link.dataset.placeholder ?? "");
    this.#image.src = link.href;
    this.#tell(link);
  }

  /** Its name, and where in the row it is. @param {HTMLAnchorElement} link */
  #tell(link) {
    const filename = link.dataset.name ?? "";
    const links = this.#links;
    const place = links.indexOf(link) + 1;
    const name = nameParts({ kind: "picture", filename: filename || t("Picture") });
    required(this.#dialog, ".name").replaceChildren(...name);
    required(this.#dialog, ".position").textContent = t("%(place)s of %(count)s", { place, count: links.length });
    const download = required(this.#dialog, '[data-icon="download"]', HTMLAnchorElement);
    download.href = link.href;
    download.download = filename;
    this.#setUsable("previous", place > 1);
    this.#setUsable("next", place < links.length);
  }

  /** A button that goes takes no focus with it. @param {string} action @param {boolean} isUsable */
  #setUsable(action, isUsable) {
    const button = required(this.#dialog, `[data-action="${action}"]`, HTMLButtonElement);
    if (!isUsable && button === document.activeElement) {
      this.#dialog.focus();
    }
    button.disabled = !isUsable;
  }

  /** To the picture that was shown last; one that has no place of its own is behind the last that has. */
  #returnFocus() {
    const link = this.#shown;
    const tiles = link ? all(link.parentElement ?? link, "a") : [];
    const place = link?.checkVisibility() ? link : tiles.findLast((tile) => tile.checkVisibility());
    place?.focus();
    this.#image.removeAttribute("src");
  }
}
