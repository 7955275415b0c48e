/** One's own camera on the page of live video: with its effects, seen by oneself or published under a name. */

import { Camera } from "./camera.js";
import { required } from "./dom.js";
import { messageOf, t } from "./i18n.js";
import { FrameSender } from "./video_sockets.js";

export class LiveVideo {
  #form;
  #canvas;
  #state;
  #effect;
  #stream;
  #startButton;
  #stopButton;
  #camera;
  /** @type {FrameSender | null} */
  #sender = null;

  /** @param {HTMLElement} form */
  constructor(form) {
    this.#form = form;
    this.#canvas = required(form, "canvas", HTMLCanvasElement);
    this.#state = required(document, "#camera-state");
    this.#effect = required(form, '[name="effect"]', HTMLSelectElement);
    this.#stream = required(form, '[name="stream"]', HTMLInputElement);
    this.#startButton = required(form, '[data-action="start"]', HTMLButtonElement);
    this.#stopButton = required(form, '[data-action="stop"]', HTMLButtonElement);
    this.#camera = new Camera(required(form, "video", HTMLVideoElement));
    this.#wire();
    form.hidden = false;
    this.#show(false, "");
  }

  #wire() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#camera.isOn) {
        this.#start();
      }
    });
    this.#startButton.addEventListener("click", (event) => {
      event.preventDefault();
      this.#start();
    });
    this.#stopButton.addEventListener("click", (event) => {
      event.preventDefault();
      this.#stop();
    });
    this.#effect.addEventListener("change", () => this.#sender?.configure({ effect: this.#effect.value }));
    addEventListener("pagehide", () => this.#stop());
  }

  async #start() {
    this.#startButton.disabled = true;
    this.#state.textContent = t("Starting …");
    const stream = this.#stream.value.trim();
    try {
      await this.#camera.start();
      const onEnd = () => this.#stop(t("The connection for video was lost."));
      this.#sender = new FrameSender({ camera: this.#camera, canvas: this.#canvas, onEnd });
      await this.#sender.start({ stream, effect: this.#effect.value });
      this.#show(true, stream ? t("You are on air.") : t("Only you see this."));
    } catch (error) {
      this.#stop(messageOf(error) || t("Video was refused. Another name may help."));
    } finally {
      this.#startButton.disabled = false;
    }
  }

  #stop(text = t("The camera is off.")) {
    this.#sender?.stop();
    this.#sender = null;
    this.#camera.stop();
    this.#show(false, text);
  }

  /** @param {boolean} isOn @param {string} text */
  #show(isOn, text) {
    this.#form.dataset.state = isOn ? "on" : "off";
    const hadFocus = [this.#startButton, this.#stopButton].some((button) => button === document.activeElement);
    this.#startButton.hidden = isOn;
    this.#stopButton.hidden = !isOn;
    this.#stream.disabled = isOn;
    if (hadFocus) {
      (isOn ? this.#stopButton : this.#startButton).focus();
    }
    this.#state.textContent = text;
    document.dispatchEvent(new Event("own-stream")); // the list beside it need not wait for its next round
  }
}
