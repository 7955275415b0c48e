/** Cropping a picture to a square: it is dragged and enlarged behind a round window, by pointer or by keys. */

import { t } from "./i18n.js";

const SHOWN_PX = 320;
const KEPT_PX_MAX = 512;
const ZOOM_MAX = 5;
const STEP_PX = 8;

/**
 * @param {File} file
 * @returns {Promise<File | null>} the square; the file itself where this browser cannot show it; null: given up
 */
export async function crop(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return file; // the server knows more kinds of pictures
  }
  const window = new CropWindow(picture);
  const isWanted = await asked(window);
  const square = isWanted ? await window.square(file) : null;
  picture.close();
  return square;
}

/** What of the picture is seen: a square of it, which stays within it. */
class CropWindow {
  #picture;
  #zoom = 1;
  #x;
  #y;
  canvas = document.createElement("canvas");

  /** @param {ImageBitmap} picture */
  constructor(picture) {
    this.#picture = picture;
    this.#x = picture.width / 2;
    this.#y = picture.height / 2;
    this.canvas.width = this.canvas.height = SHOWN_PX;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", t("Your picture. The arrow keys move it, plus and minus change its size."));
    this.#draw();
  }

  /** Of the picture, in its own pixels. */
  get #side() {
    return Math.min(this.#picture.width, this.#picture.height) / this.#zoom;
  }

  get zoom() {
    return this.#zoom;
  }

  /** @param {number} zoom */
  enlarge(zoom) {
    this.#zoom = Math.min(Math.max(zoom, 1), ZOOM_MAX);
    this.move(0, 0);
  }

  /** As the picture goes on the screen, in pixels there. @param {number} right @param {number} down */
  move(right, down) {
    const scale = this.#side / SHOWN_PX;
    const half = this.#side / 2;
    this.#x = Math.min(Math.max(this.#x - right * scale, half), this.#picture.width - half);
    this.#y = Math.min(Math.max(this.#y - down * scale, half), this.#picture.height - half);
    this.#draw();
  }

  #draw() {
    this.#drawTo(this.canvas);
  }

  /** @param {HTMLCanvasElement} canvas */
  #drawTo(canvas) {
    const side = this.#side;
    const [left, top] = [this.#x - side / 2, this.#y - side / 2];
    const context = canvas.getContext("2d");
    context?.clearRect(0, 0, canvas.width, canvas.height);
    context?.drawImage(this.#picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  }

  /** @param {File} file where it is from @returns {Promise<File>} */
  async square(file) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.max(1, Math.min(KEPT_PX_MAX, Math.round(this.#side)));
    this.#drawTo(canvas);
    const type = file.type === "image/jpeg" ? "image/jpeg" : "image/png"; // the others may be transparent
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, 0.92));
    return blob instanceof Blob ? new File([blob], nameFor(file.name, type), { type }) : file;
  }
}

/** @param {string} name @param {string} type */
function nameFor(name, type) {
  return name.replace(/\.\w+$/, "") + (type === "image/png" ? ".png" : ".jpg");
}

/** @param {CropWindow} window @returns {Promise<boolean>} whether it is to be used so */
function asked(window) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm crop";
  const form = document.createElement("form");
  form.method = "dialog";
  const heading = document.createElement("h2");
  heading.id = "crop-heading";
  heading.textContent = t("Which part of the picture?");
  dialog.setAttribute("aria-labelledby", heading.id);
  const buttons = [button("no", t("Cancel")), button("yes", t("Use it"), "primary")];
  form.append(heading, window.canvas, zoomField(window), ...buttons);
  dialog.append(form);
  document.body.append(dialog);
  wireDragging(window);
  dialog.showModal();
  window.canvas.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

/** @param {CropWindow} window */
function zoomField(window) {
  const label = document.createElement("label");
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: "1", max: String(ZOOM_MAX), step: "0.05", value: "1" });
  range.addEventListener("input", () => window.enlarge(Number(range.value)));
  /** @param {number} zoom */
  const zoomTo = (zoom) => {
    window.enlarge(zoom);
    range.value = String(window.zoom);
  };
  window.canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomTo(window.zoom * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
  });
  window.canvas.addEventListener("keydown", (event) => {
    const factor = { "+": 1.1, "=": 1.1, "-": 1 / 1.1 }[event.key];
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (factor) {
      zoomTo(window.zoom * factor);
    } else if (move) {
      window.move(move[0] * STEP_PX, move[1] * STEP_PX);
    } else {
      return;
    }
    event.preventDefault();
  });
  label.append(t("Size"), range);
  return label;
}

/** @param {CropWindow} window */
function wireDragging(window) {
  const { canvas } = window;
  let [x, y] = [0, 0];
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    [x, y] = [event.clientX, event.clientY];
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) {
      const scale = SHOWN_PX / canvas.clientWidth;
      window.move((event.clientX - x) * scale, (event.clientY - y) * scale);
      [x, y] = [event.clientX, event.clientY];
    }
  });
}

/** @param {string} value @param {string} text @param {string} [className] */
function button(value, text, className = "") {
  return Object.assign(document.createElement("button"), { value, textContent: text, className });
}
