/** Calls: two people, each on a stream of their own, each watching the other's. */

import { Camera } from "./camera.js";
import { introduced, me, nameOf } from "./people.js";
import { Transmission, Watching } from "./video.js";
import { t, why } from "./words.js";

const RING_MS_MAX = 45_000;
const END_SHOWN_MS = 2_000;

/** What ends a call when the service says so. */
const REFUSALS = {
  calling: ["recipient_offline", "calls_unavailable", "stream_taken", "too_many_messages", "unknown_recipient", "invalid_command"],
  talking: ["no_call", "calls_unavailable", "stream_taken"],
};

/** A name that nobody else has. */
function freshStream() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `call-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export class Calls {
  #dialog;
  #text;
  #canvas;
  #connection;
  #camera;
  /** @type {{other: string, stream: string, theirs: string | null, kind: "calling" | "ringing" | "talking"} | null} */
  #call = null;
  #transmission = null;
  #watching = null;
  #timer = 0;

  constructor({ dialog, connection }) {
    this.#dialog = dialog;
    this.#connection = connection;
    this.#text = dialog.querySelector("p");
    this.#canvas = dialog.querySelector("canvas");
    this.#camera = new Camera(dialog.querySelector("video"));
    connection.on("call", (event) => this.#rung(event));
    connection.on("answer", (event) => this.#answered(event));
    connection.on("hang_up", (event) => this.#hungUp(event));
    connection.on("error", (event) => this.#refused(event));
    const press = (action, handler) =>
      dialog.querySelector(`[data-action="${action}"]`)?.addEventListener("click", (event) => {
        event.preventDefault();
        handler();
      });
    press("answer", () => this.#answer());
    press("decline", () => this.#leave());
    press("hang-up", () => this.#leave());
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#leave();
    });
    // Who leaves a page that rings declines nothing: the next one, or another device, may still answer.
    addEventListener("pagehide", () => this.#call?.kind !== "ringing" && this.#leave());
  }

  /** Call somebody: the camera first, since a call that cannot be seen is none. */
  async call(other) {
    if (this.#call) {
      return;
    }
    const call = this.#begin("calling", other, null, t("Calling %(name)s …", { name: nameOf(other) }));
    if (!(await this.#goOnAir(call))) {
      return;
    }
    if (!this.#connection.send({ type: "call", to: other, stream: call.stream })) {
      this.#end(t("You are offline. Try again in a moment."));
      return;
    }
    this.#timer = setTimeout(() => this.#leave(t("No answer.")), RING_MS_MAX);
  }

  // What is heard

  #rung({ username, stream }) {
    if (username === me) {
      return;
    }
    if (this.#call) {
      if (this.#call.other !== username) {
        this.#connection.send({ type: "hang_up", to: username }); // busy
      } else if (this.#call.kind === "calling") {
        this.#talk(stream); // both called at once: the service has made an answer of it
      }
      return;
    }
    this.#begin("ringing", username, stream, t("%(name)s is calling.", { name: introduced(username) }));
    this.#timer = setTimeout(() => this.#end(t("Missed call.")), RING_MS_MAX);
  }

  #answered({ conversation, username, stream }) {
    const call = this.#call;
    if (!call || conversation !== `@${call.other}`) {
      return;
    }
    if (username === me && call.kind === "ringing") {
      this.#end(t("Answered on another device."));
    } else if (username === call.other && call.kind === "calling") {
      this.#talk(stream);
    }
  }

  #hungUp({ conversation, username }) {
    const call = this.#call;
    if (!call || conversation !== `@${call.other}`) {
      return;
    }
    if (call.kind === "calling") {
      this.#end(username === me ? t("No answer.") : t("Declined."));
    } else {
      this.#end(call.kind === "ringing" && username !== me ? t("Missed call.") : t("The call has ended."));
    }
  }

  #refused(refusal) {
    const { code, nonce } = refusal;
    if (!nonce && REFUSALS[this.#call?.kind]?.includes(code)) {
      this.#end(code === "recipient_offline" ? t("%(name)s is offline.", { name: nameOf(this.#call.other) }) : why(refusal));
    }
  }

  // What is done

  async #answer() {
    const call = this.#call;
    if (!call || !(await this.#goOnAir(call)) || call !== this.#call) {
      return;
    }
    this.#connection.send({ type: "answer", to: call.other, stream: call.stream });
    this.#talk(call.theirs);
  }

  /** Hang up, or decline: the other is told. */
  #leave(text = t("The call has ended.")) {
    if (this.#call) {
      this.#connection.send({ type: "hang_up", to: this.#call.other });
      this.#end(text);
    } else if (this.#dialog.open) {
      this.#dialog.close();
    }
  }

  #begin(kind, other, theirs, text) {
    clearTimeout(this.#timer);
    this.#call = { kind, other, theirs, stream: freshStream() };
    this.#show(kind, text);
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
    return this.#call;
  }

  async #goOnAir(call) {
    try {
      await this.#camera.start();
      if (call === this.#call) {
        const onEnd = () => this.#leave(t("The connection for video was lost."));
        this.#transmission = new Transmission({ camera: this.#camera, canvas: null, onEnd });
        await this.#transmission.start({ stream: call.stream, audience: `@${call.other}` });
      }
    } catch (error) {
      if (call === this.#call) {
        this.#leave(error.message || t("Video does not work now."));
      }
    }
    if (call !== this.#call) {
      if (!this.#call) {
        this.#silence();
      }
      return false;
    }
    return true;
  }

  #talk(stream) {
    const call = this.#call;
    clearTimeout(this.#timer);
    call.kind = "talking";
    call.theirs = stream;
    this.#show("talking", t("In a call with %(name)s", { name: nameOf(call.other) }));
    this.#watching = new Watching({
      stream,
      canvas: this.#canvas,
      onPicture: () => (this.#dialog.dataset.seen = "true"),
      onEnd: () => call === this.#call && this.#leave(),
    });
  }

  /** It is over: say why for a moment, with the camera off. */
  #end(text) {
    this.#silence();
    this.#call = null;
    this.#show("ended", text);
    this.#timer = setTimeout(() => this.#dialog.close(), END_SHOWN_MS);
  }

  #silence() {
    clearTimeout(this.#timer);
    this.#transmission?.stop();
    this.#watching?.stop();
    this.#transmission = this.#watching = null;
    this.#camera.stop();
  }

  #show(state, text) {
    this.#dialog.dataset.state = state;
    delete this.#dialog.dataset.seen;
    this.#text.textContent = text;
    const shown = { ringing: ["answer", "decline"], calling: ["hang-up"], talking: ["hang-up"], ended: [] }[state];
    for (const button of this.#dialog.querySelectorAll("[data-action]")) {
      button.hidden = !shown.includes(button.dataset.action);
    }
    this.#dialog.querySelector("[data-action]:not([hidden])")?.focus();
  }
}

/** The button at the head of a chat. */
export function wireCallButton(calls, other) {
  for (const button of document.querySelectorAll('[data-action="call"]')) {
    button.hidden = !other;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      calls.call(other);
    });
  }
}
