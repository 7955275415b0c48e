/**
 * An upload in pieces, which goes on where it broke off: tus 1.0, core and creation (https://tus.io/protocols/
 * resumable-upload). The address is remembered in the browser, so that the same file, chosen again after the page was
 * loaded anew, goes on too.
 */

import { t } from "./i18n.js";
import { send } from "./progress_request.js";
import { forgetUpload, recallUpload, rememberUpload, staleUploads, uploadKey } from "./remembered_uploads.js";
import { UploadRefused } from "./upload_refused.js";
import { pause } from "./pause.js";

const PATH = "/api/uploads";
const PIECE_BYTES = 4 * 1024 * 1024;
const VERSION = { "Tus-Resumable": "1.0.0" };
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
const FAILURES_MAX = 10; // one after another: some three minutes
const CHECK_MS = 300;
const CHECK_MS_MAX = 5_000;

/** It is elsewhere than we thought, busy with what was sent before, or gone. */
const LOST_TRACK_STATUSES = new Set([404, 409, 410, 423]);

/** Keys that are sent now: the same file chosen twice is two uploads. @type {Set<string>} */
const underway = new Set();

export class PiecewiseUpload {
  #file;
  #signal;
  #onSent;
  #key;
  /** Where it is, once it has begun. @type {string | null} */
  #address = null;
  #failures = 0;

  /** @param {File} file @param {{signal: AbortSignal, onSent: (bytes: number) => void}} parts */
  constructor(file, { signal, onSent }) {
    this.#file = file;
    this.#signal = signal;
    this.#onSent = onSent;
    const key = uploadKey(file);
    this.#key = underway.has(key) ? null : key;
  }

  /** @returns {Promise<Api.UploadedFile>} rejects with UploadRefused, or with the signal's reason */
  async run() {
    if (this.#key) {
      underway.add(this.#key);
    }
    try {
      await this.#sendAll();
      const file = await this.#checked();
      this.#forget();
      return file;
    } catch (error) {
      if (this.#signal.aborted) {
        this.#takeBack();
      } else if (error instanceof UploadRefused && !error.isPassing) {
        this.#forget();
      }
      throw error;
    } finally {
      if (this.#key) {
        underway.delete(this.#key);
      }
    }
  }

  async #sendAll() {
    let offset = await this.#begin();
    while (offset < this.#file.size) {
      this.#onSent(offset);
      offset = (await this.#sendPiece(offset)) ?? (await this.#whereItIs()) ?? (await this.#create());
    }
    this.#onSent(offset);
  }

  /** At the beginning, or where an earlier try has got to. */
  async #begin() {
    this.#address = this.#key && recallUpload(this.#key);
    const offset = this.#address ? await this.#whereItIs() : null;
    return offset ?? this.#create();
  }

  /** @returns {Promise<number>} the offset, which is 0 */
  async #create() {
    const { name, type, size } = this.#file;
    const metadata = `filename ${base64(name || "file")},filetype ${base64(type || "application/octet-stream")}`;
    const headers = { ...VERSION, "Upload-Length": String(size), "Upload-Metadata": metadata };
    let answer = await this.#ask("POST", PATH, { headers });
    if (answer.status === 429) {
      await Promise.all(staleUploads().map(takeBack)); // of pages that were closed
      answer = await this.#ask("POST", PATH, { headers });
    }
    const address = new URL(answer.header("Location") ?? "", location.href);
    if (answer.status !== 201 || address.origin !== location.origin) {
      throw UploadRefused.of(answer);
    }
    this.#address = address.pathname;
    this.#remember();
    return 0;
  }

  /** How much of it is there; null: nothing, and it has to begin anew. */
  async #whereItIs() {
    const answer = await this.#ask("HEAD", this.#address ?? "", { headers: VERSION });
    if (answer.status === 404 || answer.status === 410) {
      this.#forget();
      return null;
    }
    return offsetOf(answer);
  }

  /** @param {number} offset @returns {Promise<number | null>} the next; null: that has to be asked for */
  async #sendPiece(offset) {
    const answer = await send("PATCH", this.#address ?? "", {
      headers: { ...VERSION, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" },
      body: this.#file.slice(offset, offset + PIECE_BYTES),
      signal: this.#signal,
      onSent: (bytes) => this.#onSent(offset + bytes),
    });
    if (answer.status === 204) {
      this.#failures = 0;
      this.#remember();
      return offsetOf(answer);
    }
    if (LOST_TRACK_STATUSES.has(answer.status) || isBroken(answer)) {
      await this.#breathe(answer);
      return null;
    }
    throw UploadRefused.of(answer);
  }

  /** What the service makes of it, when all is there. @returns {Promise<Api.UploadedFile>} */
  async #checked() {
    for (let wait = CHECK_MS; ; wait = Math.min(wait * 1.5, CHECK_MS_MAX)) {
      const answer = await this.#ask("GET", this.#address ?? "", { headers: VERSION });
      if (answer.status === 200 && answer.body) {
        return answer.body;
      }
      if (answer.status !== 202) {
        throw UploadRefused.of(answer);
      }
      await pause(wait, this.#signal);
    }
  }

  /**
   * A small request, again and again while the connection is broken.
   * @param {string} method @param {string} path @param {{headers: Record<string, string>}} parts
   */
  async #ask(method, path, parts) {
    for (;;) {
      const answer = await send(method, path, { ...parts, signal: this.#signal });
      if (!isBroken(answer)) {
        return answer;
      }
      await this.#breathe(answer);
    }
  }

  /** Longer after each failure. @param {import("./progress_request.js").Answer} answer */
  async #breathe(answer) {
    this.#failures += 1;
    if (this.#failures > FAILURES_MAX) {
      this.#failures = 0;
      const isOffline = answer.status === 0;
      throw isOffline
        ? new UploadRefused(t("The upload did not work. Are you offline?"), { isPassing: true })
        : UploadRefused.of(answer);
    }
    await pause(Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MS_MAX), this.#signal);
  }

  #remember() {
    if (this.#key && this.#address) {
      rememberUpload(this.#key, this.#address);
    }
  }

  #forget() {
    if (this.#key) {
      forgetUpload(this.#key);
    }
  }

  #takeBack() {
    this.#forget();
    if (this.#address) {
      takeBack(this.#address);
    }
  }
}

/** @param {string} address */
function takeBack(address) {
  return send("DELETE", address, { headers: VERSION });
}

/** @param {import("./progress_request.js").Answer} answer */
function isBroken({ status }) {
  return status === 0 || status === 408 || status >= 500;
}

/** @param {import("./progress_request.js").Answer} answer */
function offsetOf(answer) {
  const offset = Number(answer.header("Upload-Offset") ?? NaN);
  if (!Number.isInteger(offset)) {
    throw UploadRefused.of(answer);
  }
  return offset;
}

/** Of the text's UTF-8. @param {string} text */
function base64(text) {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}
