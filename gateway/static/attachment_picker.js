/** Files to be attached: a list in the composer while they are uploaded, until they are sent or taken away. */

import { ChosenFile } from "./chosen_file.js";
import { showComposerError } from "./composer_error.js";
import { required } from "./dom.js";
import { t } from "./i18n.js";

const UPLOADS_AT_ONCE_MAX = 3;

export class AttachmentPicker {
  #list;
  #countMax;
  #bytesMax;
  #onChange;
  /** In the order of choice. @type {Set<ChosenFile>} */
  #files = new Set();

  /** @param {HTMLFormElement} form says the limits @param {() => void} onChange */
  constructor(form, onChange) {
    const { attachmentsMax, pictureBytesMax, fileBytesMax } = form.dataset;
    this.#list = required(form, "#chosen");
    this.#countMax = Number(attachmentsMax);
    this.#bytesMax = { picture: Number(pictureBytesMax), other: Number(fileBytesMax) };
    this.#onChange = onChange;
  }

  get isUploading() {
    return this.#some((one) => one.isUnderWay);
  }

  get hasRefused() {
    return this.#some((one) => one.state === "failed");
  }

  get isEmpty() {
    return this.#files.size === 0;
  }

  /** Upload them, each by itself, so that a bad one spoils no other. @param {File[]} files */
  add(files) {
    const free = this.#countMax - this.#files.size;
    if (files.length > free) {
      showComposerError(t("At most %(count)s files at once.", { count: this.#countMax }));
    }
    files.slice(0, free).forEach((file) => this.#put(new ChosenFile(file, this.#handlers())));
  }

  /** @param {File} file @param {{seconds: number, loudness: number[]}} sound */
  addVoiceMessage(file, sound) {
    if (this.#files.size < this.#countMax) {
      this.#put(new ChosenFile(file, this.#handlers(), sound));
    } else {
      showComposerError(t("At most %(count)s files at once.", { count: this.#countMax }));
    }
  }

  /** What the service said of them, in the order of choice; they are no longer chosen. */
  take() {
    const uploaded = [...this.#files].flatMap((one) => one.uploaded ?? []);
    for (const one of this.#files) {
      one.leave();
    }
    this.#files.clear();
    this.#changed();
    return uploaded;
  }

  #handlers() {
    return {
      /** @param {ChosenFile} one */
      onChange: (one) => {
        if (one.isRemoved) {
          this.#files.delete(one);
        }
        this.#changed();
      },
      /** @param {File} file */
      bytesMaxOf: ({ type }) =>
        type.startsWith("image/") && !type.startsWith("image/svg") ? this.#bytesMax.picture : this.#bytesMax.other,
    };
  }

  /** @param {ChosenFile} one */
  #put(one) {
    this.#files.add(one);
    this.#list.append(one.item);
    this.#changed();
    one.item.scrollIntoView({ block: "nearest" });
  }

  #changed() {
    const running = [...this.#files].filter((one) => one.isRunning).length;
    const waiting = [...this.#files].filter((one) => one.state === "waiting");
    waiting.slice(0, Math.max(0, UPLOADS_AT_ONCE_MAX - running)).forEach((one) => one.start());
    this.#list.hidden = this.isEmpty;
    this.#onChange();
  }

  /** @param {(one: ChosenFile) => boolean} is */
  #some(is) {
    return [...this.#files].some(is);
  }
}
