/** Telling the others that one is writing, now and then. */

import { targetOf } from "./conversation_label.js";

const NOTICE_MS = 1_000;

export class TypingNotice {
  #connection;
  #conversation;
  #toldAtMs = -NOTICE_MS;

  /** @param {import("./connection.js").Connection} connection @param {Api.Label} conversation */
  constructor(connection, conversation) {
    this.#connection = connection;
    this.#conversation = conversation;
  }

  tell() {
    const now = performance.now();
    const isDue = now - this.#toldAtMs >= NOTICE_MS;
    if (isDue && this.#connection.send({ type: "typing", ...targetOf(this.#conversation) })) {
      this.#toldAtMs = now;
    }
  }

  /** What was written is sent: the next word is told at once. */
  said() {
    this.#toldAtMs = -NOTICE_MS;
  }
}
