/** Pictures to be attached: shown below the composer while they are uploaded, until they are sent or taken away. */

import { showComposerError } from "./composer_error.js";
import { actionButton, required } from "./dom.js";
import { messageOf, t, why } from "./i18n.js";
import { upload } from "./upload.js";

/** @typedef {{file: Api.Attachment | null, part: number}} Picked `file` once it is stored, `part` of it is uploaded */

export class AttachmentPicker {
  #list;
  #progress;
  #countMax;
  #bytesMax;
  #onChange;
  /** @type {Map<HTMLLIElement, Picked>} */
  #pictures = new Map();

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list
   * @param {HTMLProgressElement} parts.progress
   * @param {number} parts.countMax of one message
   * @param {number} parts.bytesMax of one picture
   * @param {() => void} parts.onChange
   */
  constructor({ list, progress, countMax, bytesMax, onChange }) {
    this.#list = list;
    this.#progress = progress;
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
    this.#onChange = onChange;
  }

  get isUploading() {
    return [...this.#pictures.values()].some((one) => one.file === null);
  }

  get isEmpty() {
    return this.#pictures.size === 0;
  }

  /** Upload what of `files` is a picture; each by itself, so that a bad one spoils no other. @param {File[]} files */
  add(files) {
    const pictures = files.filter((file) => file.type.startsWith("image/"));
    if (pictures.length < files.length) {
      showComposerError(t("Only pictures can be sent."));
    }
    const free = this.#countMax - this.#pictures.size;
    if (pictures.length > free) {
      showComposerError(t("At most %(count)s pictures at once.", { count: this.#countMax }));
    }
    pictures.slice(0, free).forEach((file) => this.#send(file));
  }

  /** What the service said of them, in the order of choice; they are no longer picked. */
  take() {
    const files = [...this.#pictures.values()].map((one) => one.file).filter((file) => file !== null);
    this.#pictures.clear();
    this.#show();
    return files;
  }

  /** @param {File} file */
  async #send(file) {
    if (file.size > this.#bytesMax) {
      showComposerError(`${file.name}: ${why({ code: "file_too_large" })}`);
      return;
    }
    const item = this.#item(file.name);
    /** @type {Picked} */
    const picture = { file: null, part: 0 };
    this.#pictures.set(item, picture);
    this.#show();
    try {
      picture.file = await upload(file, (part) => {
        picture.part = part;
        this.#showProgress();
      });
      item.dataset.state = "done";
      const image = new Image();
      image.alt = file.name;
      image.src = picture.file.thumbnail_url;
      required(item, ".name").replaceWith(image);
    } catch (error) {
      showComposerError(`${file.name}: ${messageOf(error)}`);
      this.#pictures.delete(item);
    }
    this.#show();
  }

  /** @param {string} name */
  #item(name) {
    const item = document.createElement("li");
    item.dataset.state = "uploading";
    const label = document.createElement("span");
    label.className = "name";
    label.textContent = name;
    const remove = actionButton("remove", "×");
    remove.setAttribute("aria-label", t("Remove %(name)s", { name }));
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
