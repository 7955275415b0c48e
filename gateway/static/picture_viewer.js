/** The viewer: a picture of the conversation, whole, in a dialog; arrows and swipes lead to the next, or to a video. */

import { all, closest, required } from "./dom.js";
import { nameParts, whatIs } from "./file_names.js";
import { t } from "./i18n.js";
import { cover } from "./placeholders.js";

const SWIPE_PX = 48;
const CONTROLS_PX = 72; // at the lower edge of a video, where a finger moves its time

/** With a modifier key a link stays a link. */
export class PictureViewer {
  #root;
  #dialog;
  #image;
  #video;
  /** @type {HTMLElement | null} */
  #shown = null;

  /**
   * @param {HTMLElement} root where the pictures are
   * @param {HTMLDialogElement} dialog
   */
  constructor(root, dialog) {
    this.#root = root;
    this.#dialog = dialog;
    this.#image = required(dialog, "img", HTMLImageElement);
    // Not in the page: Chromium keeps each document that it ever read with a player in it, and the list is read often.
    this.#video = document.createElement("video");
    this.#video.controls = this.#video.playsInline = this.#video.hidden = true;
    this.#image.after(this.#video);
    root.addEventListener("click", (event) => this.#clicked(event));
    dialog.addEventListener("click", (event) => this.#clickedInside(event));
    dialog.addEventListener("close", () => this.#returnFocus());
    dialog.addEventListener("keydown", (event) => {
      this.#step(event.target === this.#video ? 0 : ({ ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0));
    });
    this.#wireSwipes(required(dialog, ".whole"));
  }

  /** All pictures and videos of the conversation that this page has, in their order. */
  get #items() {
    return all(this.#root, ".gallery a, .film video");
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
    this.#dialog.focus(); // not its first button, which has a ring as soon as an arrow is pressed
  }

  /** Beside what is shown is out. @param {MouseEvent} event */
  #clickedInside(event) {
    const action = closest(event, "[data-action]")?.dataset.action;
    if (action) {
      this.#step(action === "next" ? 1 : -1);
    } else if (closest(event, ".whole") && event.target !== this.#image && event.target !== this.#video) {
      this.#dialog.close();
    }
  }

  /** @param {HTMLElement} place */
  #wireSwipes(place) {
    /** @type {{x: number, y: number} | null} */
    let from = null;
    place.addEventListener("pointerdown", (event) => {
      const isSwipe = event.pointerType === "touch" && event.isPrimary && !this.#isOnControls(event);
      from = isSwipe ? { x: event.clientX, y: event.clientY } : null;
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

  /** @param {PointerEvent} event */
  #isOnControls(event) {
    const { bottom } = this.#video.getBoundingClientRect();
    return event.target === this.#video && event.clientY > bottom - CONTROLS_PX;
  }

  /** @param {number} by how many of them */
  #step(by) {
    const items = this.#items;
    const next = items[items.findIndex((item) => item === this.#shown) + by];
    if (by !== 0 && next) {
      this.#show(next);
    }
  }

  /** @param {HTMLElement} item */
  #show(item) {
    this.#empty();
    this.#shown = item;
    const isVideo = item instanceof HTMLVideoElement;
    this.#image.hidden = isVideo;
    this.#video.hidden = !isVideo;
    if (isVideo) {
      this.#showVideo(item);
    } else if (item instanceof HTMLAnchorElement) {
      this.#showPicture(item);
    }
  }

  /** From where it is in the conversation, which it leaves. @param {HTMLVideoElement} small */
  #showVideo(small) {
    small.pause();
    this.#video.poster = small.poster;
    this.#video.ariaLabel = small.ariaLabel;
    this.#video.src = small.currentTime ? `${small.src}#t=${small.currentTime}` : small.src;
    this.#tell(small, small.src, "video");
  }

  /** @param {HTMLAnchorElement} link */
  #showPicture(link) {
    const small = link.querySelector("img");
    this.#image.alt = small?.alt ?? "";
    this.#image.width = Number(link.dataset.width) || (small?.naturalWidth ?? 0);
    this.#image.height = Number(link.dataset.height) || (small?.naturalHeight ?? 0);
    cover(this.#image, link.dataset.placeholder ?? "");
    this.#image.src = link.href;
    this.#tell(link, link.href, "picture");
  }

  #empty() {
    this.#dialog.querySelector("canvas.placeholder")?.remove();
    this.#image.removeAttribute("src");
    if (this.#video.hasAttribute("src")) {
      this.#video.removeAttribute("src");
      this.#video.load(); // which ends the sound, and the loading
    }
  }

  /**
   * Its name, and where in the row it is.
   * @param {HTMLElement} item
   * @param {string} url
   * @param {"picture" | "video"} kind
   */
  #tell(item, url, kind) {
    const filename = item.closest("[data-name]")?.getAttribute("data-name") ?? "";
    const items = this.#items;
    const place = items.indexOf(item) + 1;
    const name = nameParts({ kind, filename: filename || whatIs({ kind, filename }) });
    required(this.#dialog, ".name").replaceChildren(...name);
    required(this.#dialog, ".position").textContent = t("%(place)s of %(count)s", { place, count: items.length });
    const download = required(this.#dialog, '[data-icon="download"]', HTMLAnchorElement);
    download.href = url;
    download.download = filename;
    this.#setUsable("previous", place > 1);
    this.#setUsable("next", place < items.length);
  }

  /** A button that goes takes no focus with it. @param {string} action @param {boolean} isUsable */
  #setUsable(action, isUsable) {
    const button = required(this.#dialog, `[data-action="${action}"]`, HTMLButtonElement);
    if (!isUsable && button === document.activeElement) {
      this.#dialog.focus();
    }
    button.disabled = !isUsable;
  }

  /** To what was shown last; a picture that has no place of its own is behind the last that has. */
  #returnFocus() {
    const item = this.#shown;
    const tiles = item ? all(item.parentElement ?? item, "a") : [];
    const place = item?.checkVisibility() ? item : tiles.findLast((tile) => tile.checkVisibility());
    place?.focus();
    this.#empty();
  }
}
