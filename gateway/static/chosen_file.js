/** A chosen file: on its way to the service, with its progress, what became of it, and ways out. */

import { showWaveform } from "./audio_player.js";
import { actionButton, all, required } from "./dom.js";
import { isVoiceMessage, nameParts, plainName, sizeText } from "./file_names.js";
import { fileNode } from "./file_view.js";
import { messageOf, t } from "./i18n.js";
import { previewOf } from "./picture_preview.js";
import { send } from "./progress_request.js";
import { upload } from "./upload.js";
import { UploadRefused } from "./upload_refused.js";

/** @typedef {"waiting" | "uploading" | "checking" | "done" | "failed"} UploadState */
/**
 * @typedef {object} Handlers
 * @property {(one: ChosenFile) => void} onChange
 * @property {(file: File) => number} bytesMaxOf
 */

export class ChosenFile {
  /** Its place in the list. */
  item = document.createElement("li");
  /** @type {Api.UploadedFile | null} */
  uploaded = null;
  isRemoved = false;
  /** @type {UploadState} */
  #state = "waiting";
  #file;
  #handlers;
  #stopping = new AbortController();
  /** Of what can be heard before it is sent. */
  #address = "";

  /**
   * @param {File} file
   * @param {Handlers} handlers
   * @param {{seconds: number, loudness: number[]} | null} sound of a voice message
   */
  constructor(file, handlers, sound = null) {
    this.#file = file;
    this.#handlers = handlers;
    this.#build(sound);
    if (file.size > handlers.bytesMaxOf(file)) {
      const size = sizeText(handlers.bytesMaxOf(file));
      this.#fail(new UploadRefused(t("Too large: %(size)s is the most.", { size }), { isPassing: false }));
    } else {
      this.#show();
    }
  }

  get state() {
    return this.#state;
  }

  /** It takes part of the connection. */
  get isRunning() {
    return this.#state === "uploading" || this.#state === "checking";
  }

  get isUnderWay() {
    return this.#state === "waiting" || this.isRunning;
  }

  async start() {
    this.#state = "uploading";
    this.#show();
    const { signal } = this.#stopping;
    try {
      this.uploaded = await upload(this.#file, { signal, onSent: (bytes) => this.#sent(bytes) });
      this.#state = "done";
      this.#showUploaded(this.uploaded);
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      this.#fail(error);
    }
    this.#show();
    this.#handlers.onChange(this);
  }

  /** It is in a message now. */
  leave() {
    URL.revokeObjectURL(this.#address);
    this.item.remove();
  }

  #remove() {
    const next = this.item.nextElementSibling ?? this.item.previousElementSibling;
    this.isRemoved = true;
    this.#stopping.abort();
    if (this.uploaded) {
      send("DELETE", this.uploaded.url); // no message shows it, so nobody misses it
    }
    this.leave();
    this.#handlers.onChange(this);
    const button = next && next.querySelector('[data-action="remove"]');
    (button instanceof HTMLElement ? button : document.getElementById("message"))?.focus();
  }

  #retry() {
    this.#state = "waiting";
    this.#show();
    this.#handlers.onChange(this);
  }

  // What is seen of it

  get #named() {
    const kind = this.#file.type.startsWith("audio/") ? "audio" : "document";
    return { kind: /** @type {Api.FileKind} */ (kind), filename: this.#file.name };
  }

  /** @param {{seconds: number, loudness: number[]} | null} sound */
  #build(sound) {
    const name = plainName(this.#named);
    const progress = document.createElement("progress");
    progress.setAttribute("aria-label", t("Upload of %(name)s", { name }));
    const retry = actionButton("retry-upload", t("Try again"));
    retry.addEventListener("click", () => this.#retry());
    const remove = actionButton("remove", "");
    remove.title = t("Remove %(name)s", { name });
    remove.ariaLabel = remove.title;
    remove.addEventListener("click", () => this.#remove());
    const what = element("div", "what");
    what.append(sound ? this.#sound(sound) : this.#name(), progress);
    what.append(element("p", "note"), element("p", "error"), retry);
    this.item.append(...(sound ? [] : [this.#thumbnail()]), what, remove);
    this.item.classList.toggle("voice", sound !== null);
  }

  #thumbnail() {
    const made = element("span", "thumbnail");
    if (this.#file.type.startsWith("image/")) {
      previewOf(this.#file).then((preview) => {
        if (preview !== null && made.childElementCount === 0) {
          made.append(preview); // else it is uploaded by now, and shows what the service made of it
        }
      });
    }
    return made;
  }

  #name() {
    const line = element("p", "name");
    line.dir = "auto";
    line.title = this.#file.name;
    line.append(...nameParts(this.#named));
    const both = document.createDocumentFragment();
    both.append(line, element("p", "meta"));
    return both;
  }

  /** To be heard before it is sent. @param {{seconds: number, loudness: number[]}} sound */
  #sound({ seconds, loudness }) {
    this.#address = URL.createObjectURL(this.#file);
    const { name: filename, size, type } = this.#file;
    const [nothing, blank] = [null, ""];
    const node = fileNode({
      id: blank,
      url: this.#address,
      thumbnail_url: nothing,
      filename,
      content_type: type,
      size,
      kind: "audio",
      width: nothing,
      height: nothing,
      placeholder: nothing,
      duration_s: seconds,
    });
    showWaveform(node, loudness);
    required(node, ".caption").remove();
    return node;
  }

  /** @param {number} bytes */
  #sent(bytes) {
    const sent = Math.min(bytes, this.#file.size);
    const isAll = sent >= this.#file.size;
    this.#state = isAll ? "checking" : "uploading";
    this.item.dataset.state = this.#state;
    const progress = required(this.item, "progress", HTMLProgressElement);
    progress.max = Math.max(1, this.#file.size);
    progress.value = sent;
    const words = { sent: sizeText(sent), size: sizeText(this.#file.size) };
    this.#showMeta(isAll ? t("Being checked") : t("%(sent)s of %(size)s", words));
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#state = "failed";
    required(this.item, ".error").textContent = messageOf(error) || t("The upload did not work.");
    this.item.toggleAttribute("data-passing", error instanceof UploadRefused && error.isPassing);
    this.#show();
    this.item.scrollIntoView({ block: "nearest" });
  }

  #show() {
    this.item.dataset.state = this.#state;
    const isFailed = this.#state === "failed";
    const error = required(this.item, ".error");
    error.hidden = !isFailed;
    error.setAttribute("role", isFailed ? "alert" : "none");
    required(this.item, "progress").hidden = !this.isUnderWay;
    required(this.item, '[data-action="retry-upload"]').hidden = !isFailed || !("passing" in this.item.dataset);
    required(this.item, ".note").hidden = !required(this.item, ".note").textContent;
    if (!this.isRunning) {
      this.#showMeta(this.#state === "waiting" ? t("Waiting") : sizeText(this.#file.size));
    }
  }

  /** @param {string} text */
  #showMeta(text) {
    all(this.item, ":scope > .what > .meta").forEach((meta) => (meta.textContent = text));
  }

  /** @param {Api.UploadedFile} file */
  #showUploaded(file) {
    if (!file.cleaned && !isVoiceMessage(this.#named)) {
      required(this.item, ".note").textContent = t("May still tell who made it, when or where.");
    }
    if (file.thumbnail_url && this.item.querySelector(".thumbnail")) {
      const image = new Image();
      image.alt = file.filename;
      image.src = file.thumbnail_url;
      required(this.item, ".thumbnail").replaceChildren(image);
    }
  }
}

/** @param {string} tag @param {string} className */
function element(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
