/** Chosen pictures: shown below the composer while they are uploaded, until they are sent or taken away. */

import { notice } from "./notices.js";
import { upload } from "./uploads.js";
import { t } from "./words.js";

export const PICTURES_MAX = 20;

export class Chosen {
  #list;
  #progress;
  #onChange;
  /** @type {Map<HTMLLIElement, {file: object | null, part: number}>} */
  #pictures = new Map();

  constructor({ list, progress, onChange }) {
    this.#list = list;
    this.#progress = progress;
    this.#onChange = onChange;
  }

  get isUploading() {
    return [...this.#pictures.values()].some((one) => one.file === null);
  }

  get isEmpty() {
    return this.#pictures.size === 0;
  }

  /** Upload what of `files` is a picture; each by itself, so that a bad one spoils no other. */
  add(files) {
    const pictures = [...files].filter((file) => file.type.startsWith("image/"));
    if (pictures.length < files.length) {
      notice(t("Only pictures can be sent."));
    }
    const free = PICTURES_MAX - this.#pictures.size;
    if (pictures.length > free) {
      notice(t("At most %(count)s pictures at once.", { count: PICTURES_MAX }));
    }
    pictures.slice(0, free).forEach((file) => this.#send(file));
  }

  /** What the service said of them, in the order of choice; they are no longer chosen. */
  take() {
    const files = [...this.#pictures.values()].map((one) => one.file);
    this.#pictures.clear();
    this.#show();
    return files;
  }

  async #send(file) {
    const item = this.#item(file.name);
    const picture = { file: null, part: 0 };
    this.#pictures.set(item, picture);
    this.#show();
    try {
      const [stored] = await upload([file], (part) => {
        picture.part = part;
        this.#showProgress();
      });
      picture.file = stored;
      item.dataset.state = "done";
      const image = new Image();
      image.alt = file.name;
      image.src = stored.thumbnail_url;
      item.querySelector(".name").replaceWith(image);
    } catch (error) {
      notice(`${file.name}: ${error.message}`);
      this.#pictures.delete(item);
    }
    this.#show();
  }

  #item(name) {
    const item = document.createElement("li");
    item.dataset.state = "uploading";
    const label = document.createElement("span");
    label.className = "name";
    label.textContent = name;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.dataset.action = "remove";
    remove.setAttribute("aria-label", t("Remove %(name)s", { name }));
    remove.textContent = "×";
    remove.addEventListener("click", () => {
      this.#pictures.delete(item);
      this.#show();
    });
    item.append(label, remove);
    return item;
  }

  #show() {
    this.#list.replaceChildren(...this.#pictures.keys());
    this.#list.hidden = this.isEmpty;
    this.#showProgress();
    this.#onChange();
  }

  #showProgress() {
    const parts = [...this.#pictures.values()].filter((one) => one.file === null).map((one) => one.part);
    this.#progress.hidden = parts.length === 0;
    this.#progress.max = 1;
    this.#progress.value = parts.length ? parts.reduce((sum, part) => sum + part, 0) / parts.length : 0;
  }
}
