/** One's own camera: pictures from it, and that its light goes out when it is no longer needed. */

import { t } from "./i18n.js";

const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.75;

export class Camera {
  #video;
  /** @type {MediaStream | null} */
  #stream = null;
  #canvas = document.createElement("canvas");

  /** `video` shows the unprocessed picture. @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
  }

  get isOn() {
    return this.#stream !== null;
  }

  /** Rejects with words for people. */
  async start() {
    if (!navigator.mediaDevices) {
      throw new Error(t("The browser gives the camera only to pages over HTTPS."));
    }
    const wish = { video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT } }, audio: false };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia(wish);
    } catch (error) {
      throw new Error(wordsOf(error), { cause: error });
    }
    this.#video.srcObject = this.#stream;
    this.#video.muted = true;
    await this.#video.play();
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /** The present picture as JPEG, or null if there is none yet. @returns {Promise<Blob | null>} */
  picture() {
    const { videoWidth, videoHeight } = this.#video;
    if (!this.isOn || !videoWidth) {
      return Promise.resolve(null);
    }
    const part = Math.min(1, WIDTH / videoWidth);
    this.#canvas.width = Math.round(videoWidth * part);
    this.#canvas.height = Math.round(videoHeight * part);
    this.#canvas.getContext("2d")?.drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }
}

/** @param {unknown} error of `getUserMedia` */
function wordsOf(error) {
  /** @type {Record<string, string>} */
  const words = {
    NotAllowedError: t("The camera was not allowed."),
    NotFoundError: t("There is no camera."),
    NotReadableError: t("The camera is used by another program."),
  };
  return words[error instanceof Error ? error.name : ""] ?? t("The camera does not work.");
}
