/** Calls: two people, each on a stream of their own, each watching the other's. */

import { Camera } from "./camera.js";
import { all, optional, required } from "./dom.js";
import { messageOf, t, why } from "./i18n.js";
import { introduced, me, nameOf } from "./people.js";
import { FrameSender, StreamWatcher } from "./video_sockets.js";

/** @import { Connection } from "./connection.js" */

const RING_MS_MAX = 45_000;
const END_SHOWN_MS = 2_000;

/** @typedef {"calling" | "ringing" | "talking"} CallKind */
/**
 * `theirs` is the other's stream.
 * @typedef {{other: string, stream: string, theirs: string, kind: CallKind, isAnswering?: boolean}} Call
 */

/** What ends a call when the service says so. @type {Record<CallKind, string[]>} */
const REFUSALS = {
  calling: [
    "recipient_offline",
    "calls_unavailable",
    "stream_taken",
    "too_many_messages",
    "unknown_recipient",
    "invalid_command",
  ],
  ringing: [],
  talking: ["no_call", "calls_unavailable", "stream_taken"],
};

/** What can be pressed. @type {Record<CallKind | "ended", string[]>} */
const BUTTONS = { ringing: ["answer", "decline"], calling: ["hang-up"], talking: ["hang-up"], ended: [] };

/** A name that nobody else has. */
function freshStream() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `call-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Where the reader sees themselves. Not on the pages as they come: one that is fetched and parsed beside the page that
 * is shown would stay in memory, since Chromium keeps the documents of players.
 * @param {HTMLDialogElement} dialog
 */
function ownPicture(dialog) {
  const video = document.createElement("video");
  video.playsInline = true;
  required(dialog, ".call-pictures").append(video);
  return video;
}

export class Calls {
  #dialog;
  #text;
  #canvas;
  #connection;
  #camera;
  /** @type {Call | null} */
  #call = null;
  /** @type {FrameSender | null} */
  #sender = null;
  /** @type {StreamWatcher | null} */
  #watcher = null;
  #timer = 0;

  /** @param {{dialog: HTMLDialogElement, connection: Connection}} parts */
  constructor({ dialog, connection }) {
    this.#dialog = dialog;
    this.#connection = connection;
    this.#text = required(dialog, "p");
    this.#canvas = required(dialog, "canvas", HTMLCanvasElement);
    this.#camera = new Camera(ownPicture(dialog));
    connection.on("call", (event) => this.#rung(event));
    connection.on("answer", (event) => this.#answered(event));
    connection.on("hang_up", (event) => this.#hungUp(event));
    connection.on("error", (event) => this.#refused(event));
    this.#wireButtons();
    // Who leaves a page that rings declines nothing: the next one, or another device, may still answer.
    addEventListener("pagehide", () => this.#call?.kind !== "ringing" && this.#leave());
  }

  #wireButtons() {
    /** @param {string} action @param {() => void} handler */
    const press = (action, handler) =>
      optional(this.#dialog, `[data-action="${action}"]`)?.addEventListener("click", (event) => {
        event.preventDefault();
        handler();
      });
    press("answer", () => this.#answer());
    press("decline", () => this.#leave());
    press("hang-up", () => this.#leave());
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#leave();
    });
  }

  /** Call somebody: the camera first, since a call that cannot be seen is none. @param {string} other */
  async call(other) {
    if (this.#call) {
      return;
    }
    const call = this.#begin("calling", other, "", t("Calling %(name)s …", { name: nameOf(other) }));
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

  /** @param {Api.CallEvent} event */
  #rung({ username, stream }) {
    if (username === me) {
      return;
    }
    if (this.#call) {
      if (this.#call.other !== username) {
        this.#connection.send({ type: "hang_up", to: username }); // busy
      } else if (this.#call.kind === "calling") {
        this.#talk(this.#call, stream); // both called at once: the service has made an answer of it
      }
      return;
    }
    this.#begin("ringing", username, stream, t("%(name)s is calling.", { name: introduced(username) }));
    this.#timer = setTimeout(() => this.#end(t("Missed call.")), RING_MS_MAX);
  }

  /** @param {Api.CallEvent} event */
  #answered({ conversation, username, stream }) {
    const call = this.#call;
    if (!call || conversation !== `@${call.other}`) {
      return;
    }
    if (username === me && call.kind === "ringing") {
      this.#end(t("Answered on another device."));
    } else if (username === call.other && call.kind === "calling") {
      this.#talk(call, stream);
    }
  }

  /** @param {Api.Events["hang_up"]} event */
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

  /** @param {Api.Refusal} refusal */
  #refused(refusal) {
    const { code, nonce } = refusal;
    if (!nonce && this.#call && REFUSALS[this.#call.kind].includes(code)) {
      const isOffline = code === "recipient_offline";
      this.#end(isOffline ? t("%(name)s is offline.", { name: nameOf(this.#call.other) }) : (why(refusal) ?? code));
    }
  }

  // What is done

  async #answer() {
    const call = this.#call;
    if (!call || call.isAnswering) {
      return; // pressed twice, while the camera starts
    }
    call.isAnswering = true;
    if (!(await this.#goOnAir(call)) || call !== this.#call) {
      return;
    }
    this.#connection.send({ type: "answer", to: call.other, stream: call.stream });
    this.#talk(call, call.theirs);
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

  /** @param {CallKind} kind @param {string} other @param {string} theirs @param {string} text */
  #begin(kind, other, theirs, text) {
    clearTimeout(this.#timer);
    this.#call = { kind, other, theirs, stream: freshStream() };
    this.#show(kind, text);
    if (!this.#dialog.open) {
      this.#dialog.showModal();
      if (kind === "ringing") {
        this.#dialog.tabIndex = -1;
        this.#dialog.focus(); // who is writing answers by no next space
      }
    }
    return this.#call;
  }

  /** Whether it worked, and the call still goes on. @param {Call} call */
  async #goOnAir(call) {
    try {
      await this.#camera.start();
      if (call === this.#call) {
        const onEnd = () => this.#leave(t("The connection for video was lost."));
        this.#sender = new FrameSender({ camera: this.#camera, canvas: null, onEnd });
        await this.#sender.start({ stream: call.stream, audience: `@${call.other}` });
      }
    } catch (error) {
      if (call === this.#call) {
        this.#leave(messageOf(error) || t("Video does not work now."));
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

  /** @param {Call} call @param {string} stream the other's */
  #talk(call, stream) {
    clearTimeout(this.#timer);
    call.kind = "talking";
    call.theirs = stream;
    this.#show("talking", t("In a call with %(name)s", { name: nameOf(call.other) }));
    this.#watcher = new StreamWatcher({
      stream,
      canvas: this.#canvas,
      onPicture: () => (this.#dialog.dataset.seen = "true"),
      onEnd: () => call === this.#call && this.#leave(),
    });
  }

  /** It is over: say why for a moment, with the camera off. @param {string} text */
  #end(text) {
    this.#silence();
    this.#call = null;
    this.#show("ended", text);
    this.#timer = setTimeout(() => this.#dialog.close(), END_SHOWN_MS);
  }

  #silence() {
    clearTimeout(this.#timer);
    this.#sender?.stop();
    this.#watcher?.stop();
    this.#sender = this.#watcher = null;
    this.#camera.stop();
  }

  /** @param {CallKind | "ended"} state @param {string} text */
  #show(state, text) {
    this.#dialog.dataset.state = state;
    delete this.#dialog.dataset.seen;
    this.#text.textContent = text;
    for (const button of all(this.#dialog, "[data-action]")) {
      button.hidden = !BUTTONS[state].includes(button.dataset.action ?? "");
    }
    optional(this.#dialog, "[data-action]:not([hidden])")?.focus();
  }
}

/** The button at the head of a chat. @param {Calls} calls @param {string | undefined} other */
export function wireCallButton(calls, other) {
  for (const button of all(document, '[data-action="call"]')) {
    button.hidden = !other;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      if (other) {
        calls.call(other);
      }
    });
  }
}
