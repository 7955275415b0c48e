/** A voice recorder: the microphone as a sound file, and how loud it was along the way. */

import { t } from "./i18n.js";
import { format } from "./recording_formats.js";
import { dayOf } from "./time_format.js";

const BITS_PER_SECOND = 32_000;
const LEVEL_MS = 100;
const FULL_LEVEL = 0.5; // of a voice close to the microphone

/** @typedef {{file: File, seconds: number, levels: number[]}} Recording `levels`: ten a second, each 0 to 1 */

export class VoiceRecorder {
  #stream;
  #recorder;
  /** It also ends by itself, when the microphone is taken away. @type {Promise<unknown>} */
  #stopped;
  #context = new AudioContext();
  #analyser = this.#context.createAnalyser();
  /** @type {Blob[]} */
  #parts = [];
  /** @type {number[]} */
  #levels = [];
  #startedAtMs = performance.now();
  #timer;

  /**
   * @param {MediaStream} stream
   * @param {(seconds: number, levels: number[]) => void} onLevel ten times a second
   */
  constructor(stream, onLevel) {
    this.#stream = stream;
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    this.#recorder = new MediaRecorder(stream, { mimeType: format()?.type, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", (event) => this.#parts.push(event.data));
    this.#stopped = new Promise((resolve) => this.#recorder.addEventListener("stop", resolve));
    this.#recorder.start();
    this.#timer = setInterval(() => {
      this.#levels.push(this.#level());
      onLevel(this.#seconds, this.#levels);
    }, LEVEL_MS);
  }

  /**
   * Rejects with words for people.
   * @param {(seconds: number, levels: number[]) => void} onLevel
   */
  static async start(onLevel) {
    try {
      const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      return new VoiceRecorder(await navigator.mediaDevices.getUserMedia({ audio }), onLevel);
    } catch (error) {
      throw new Error(wordsOf(error), { cause: error });
    }
  }

  /** @returns {Promise<Recording>} */
  async finish() {
    const seconds = this.#seconds;
    this.#release();
    await this.#stopped;
    const { ending = "webm", type = "" } = format() ?? {};
    const file = new File(this.#parts, `${nameAt(new Date())}.${ending}`, { type: type.split(";")[0] });
    return { file, seconds, levels: this.#levels };
  }

  discard() {
    this.#release();
  }

  get #seconds() {
    return (performance.now() - this.#startedAtMs) / 1_000;
  }

  /** The light of the microphone goes out. */
  #release() {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") {
      this.#recorder.stop();
    }
    this.#stream.getTracks().forEach((track) => track.stop());
    this.#context.close();
  }

  #level() {
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const loudest = samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
    return Math.min(1, loudest / FULL_LEVEL);
  }
}

/** `voice-message-2026-11-29-0906`. @param {Date} date */
function nameAt(date) {
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return `voice-message-${dayOf(date)}-${two(date.getHours())}${two(date.getMinutes())}`;
}

/** @param {unknown} error of `getUserMedia`, or of the recorder */
function wordsOf(error) {
  /** @type {Record<string, string>} */
  const words = {
    NotAllowedError: t("The microphone was not allowed."),
    NotFoundError: t("There is no microphone."),
    NotReadableError: t("The microphone is used by another program."),
  };
  return words[error instanceof Error ? error.name : ""] ?? t("The microphone does not work.");
}
