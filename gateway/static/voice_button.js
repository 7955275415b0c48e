/** The button for voice messages: hold it while speaking, or press it before and after. */

import { showComposerError } from "./composer_error.js";
import { required } from "./dom.js";
import { clockTime } from "./file_names.js";
import { messageOf, t } from "./i18n.js";
import { canRecord } from "./recording_formats.js";
import { barsPath, condensed, recentBars } from "./waveform.js";

const HOLD_MS = 500;
const SECONDS_MIN = 0.5;
const SECONDS_MAX = 15 * 60;
const SLIDE_PX = 80;

export class VoiceButton {
  #form;
  #button;
  #panel;
  #onRecorded;
  /** @type {import("./voice_recorder.js").VoiceRecorder | null} */
  #recorder = null;
  #isStarting = false;
  /** It was taken back before the microphone was there. */
  #isUnwanted = false;
  /** Where and when the button was pressed, while it is. @type {{x: number, atMs: number} | null} */
  #press = null;
  #pointedAtMs = -Infinity;

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {(file: File, sound: {seconds: number, loudness: number[]}) => void} parts.onRecorded
   */
  constructor({ form, onRecorded }) {
    this.#form = form;
    this.#button = required(form, '[data-action="record"]', HTMLButtonElement);
    this.#panel = required(form, "#recorder");
    this.#onRecorded = onRecorded;
    if (canRecord()) {
      this.#wire();
    }
  }

  get isRecording() {
    return this.#recorder !== null;
  }

  /** Where something is written, it would be sent with that. @param {boolean} isWanted */
  offer(isWanted) {
    this.#button.hidden = !canRecord() || (!isWanted && !this.isRecording);
  }

  /** What was said is a file to be sent. */
  async finish() {
    const recorder = this.#recorder;
    if (!recorder) {
      return;
    }
    this.#show(null);
    const { file, seconds, levels } = await recorder.finish();
    if (seconds < SECONDS_MIN) {
      showComposerError(t("Too short. Hold the button while you speak, or press it once to start and once to stop."));
      return;
    }
    this.#onRecorded(file, { seconds, loudness: condensed(levels) });
    required(this.#form, '[data-action="send"]').focus();
  }

  discard() {
    this.#isUnwanted = this.#isStarting;
    this.#recorder?.discard();
    this.#show(null);
    this.#button.focus();
  }

  #wire() {
    this.#button.addEventListener("pointerdown", (event) => event.button === 0 && this.#pressed(event));
    this.#button.addEventListener("contextmenu", (event) => this.#press && event.preventDefault()); // a long touch
    this.#button.addEventListener("click", (event) => this.#clicked(event));
    addEventListener("pointerup", () => this.#released());
    addEventListener("pointercancel", () => this.#released());
    addEventListener("pointermove", (event) => this.#moved(event));
    required(this.#panel, '[data-action="discard-recording"]').addEventListener("click", () => this.discard());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && (this.isRecording || this.#isStarting)) {
        event.preventDefault();
        this.discard();
      }
    });
    addEventListener("pagehide", () => this.#recorder?.discard());
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    if (!this.isRecording) {
      this.#press = { x: event.clientX, atMs: performance.now() };
    }
    this.#toggle();
  }

  /**
   * By a key, or by what helps to press; a mouse and a finger were heard when they came down.
   * @param {MouseEvent} event
   */
  #clicked(event) {
    if (event.detail === 0 || performance.now() - this.#pointedAtMs > HOLD_MS) {
      this.#toggle();
    }
  }

  #released() {
    this.#pointedAtMs = performance.now();
    const wasHeld = this.#press !== null && performance.now() - this.#press.atMs > HOLD_MS;
    this.#press = null;
    if (wasHeld) {
      this.finish();
    }
  }

  /** Slid away, it is taken back. @param {PointerEvent} event */
  #moved(event) {
    if (this.#press && this.isRecording && Math.abs(event.clientX - this.#press.x) > SLIDE_PX) {
      this.#press = null;
      this.discard();
    }
  }

  #toggle() {
    if (this.isRecording) {
      this.finish();
    } else if (!this.#isStarting) {
      this.#start();
    }
  }

  async #start() {
    showComposerError("");
    this.#isStarting = true;
    this.#isUnwanted = false;
    try {
      const { VoiceRecorder } = await loadRecorder();
      const recorder = await VoiceRecorder.start((seconds, levels) => this.#heard(seconds, levels));
      if (this.#isUnwanted) {
        recorder.discard();
      } else {
        this.#show(recorder);
      }
    } catch (error) {
      showComposerError(messageOf(error));
    } finally {
      this.#isStarting = false;
    }
  }

  /** @param {number} seconds @param {number[]} levels */
  #heard(seconds, levels) {
    required(this.#panel, ".time").textContent = clockTime(Math.floor(seconds));
    required(this.#panel, ".level path", SVGPathElement).setAttribute("d", barsPath(recentBars(levels)));
    if (seconds >= SECONDS_MAX) {
      this.finish();
    }
  }

  /** @param {import("./voice_recorder.js").VoiceRecorder | null} recorder the one that runs */
  #show(recorder) {
    this.#recorder = recorder;
    const isOn = recorder !== null;
    this.#panel.hidden = !isOn;
    this.#form.classList.toggle("recording", isOn);
    this.#button.title = isOn ? t("Stop the recording") : t("Record a voice message");
    this.#button.toggleAttribute("data-recording", isOn);
    required(this.#button, ".hidden-text").textContent = this.#button.title;
    required(this.#panel, ".time").textContent = "0:00";
    required(this.#panel, ".level path", SVGPathElement).setAttribute("d", "");
  }
}

/** Few record: what does it is loaded then. Rejects with words for people. */
async function loadRecorder() {
  try {
    return await import("./voice_recorder.js");
  } catch (error) {
    throw new Error(t("You are offline. Try again in a moment."), { cause: error });
  }
}
