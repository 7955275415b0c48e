/** Unsent messages: kept until the service says that they are on disk, over reconnects and reloads. */

import { targetOf } from "./conversation_label.js";
import { why } from "./i18n.js";

const RETRY_MS = 2_000;
const TRIES_MAX = 5;
const UNSENT_MAX = 200;

/** What may be right in a moment; the message did nothing wrong. */
const PASSING = new Set([
  "too_many_messages",
  "not_stored",
  "unavailable",
  "directory_unavailable",
  "media_unavailable",
  "service_unavailable",
]);

/**
 * @typedef {object} Unsent
 * @property {string} nonce
 * @property {string} conversation `@grace` or `#lobby`
 * @property {string} message
 * @property {Api.Attachment[]} attachments as the upload answered
 * @property {number | null} reply_to
 * @property {number} at_ms when it was written; gives the order
 * @property {string} [failure] why it was refused
 */

export class Outbox {
  #prefix;
  #connection;
  /** @type {(entry: Unsent) => void} */
  #onChange = () => {};
  /** Nonces that are on their way on the present connection. @type {Set<string>} */
  #underway = new Set();
  /** How often each was refused. @type {Map<string, number>} */
  #tries = new Map();
  #lastAtMs = 0;
  /** What could not be stored in the browser lives as long as the page. @type {Map<string, Unsent>} */
  #unstored = new Map();

  /**
   * @param {string} username
   * @param {import("./connection.js").Connection} connection
   */
  constructor(username, connection) {
    this.#prefix = `parley.unsent.${username}.`;
    this.#connection = connection;
    connection.on("state", (state) => (state === "online" ? this.flush() : this.#underway.clear()));
    connection.on("sent", (event) => event.nonce && this.#forget(event.nonce));
    connection.on("error", (event) => event.nonce && this.#refused(event.nonce, event));
  }

  /** `handler` is told of what was added or has failed. @param {(entry: Unsent) => void} handler */
  onChange(handler) {
    this.#onChange = handler;
  }

  /**
   * In the order in which they were written.
   * @param {Api.Label | null} conversation null: of all
   */
  list(conversation = null) {
    const stored = Object.keys(localStorage)
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => parsed(localStorage.getItem(key)))
      .filter((entry) => entry !== null);
    return [...stored, ...this.#unstored.values()]
      .filter((entry) => conversation === null || entry.conversation === conversation)
      .sort((one, other) => one.at_ms - other.at_ms);
  }

  /**
   * @param {Pick<Unsent, "conversation" | "message" | "attachments" | "reply_to">} message
   * @returns {Unsent | null} null: there are too many already
   */
  add({ conversation, message, attachments, reply_to }) {
    if (this.list().length >= UNSENT_MAX) {
      return null;
    }
    this.#lastAtMs = Math.max(Date.now(), this.#lastAtMs + 0.001);
    const entry = { nonce: newNonce(), conversation, message, attachments, reply_to, at_ms: this.#lastAtMs };
    this.#keep(entry);
    this.#onChange(entry);
    this.flush();
    return entry;
  }

  /** @param {string} nonce */
  retry(nonce) {
    const entry = this.#find(nonce);
    if (entry) {
      delete entry.failure;
      this.#tries.delete(nonce);
      this.#keep(entry);
      this.#onChange(entry);
      this.flush();
    }
  }

  /** @param {string} nonce */
  discard(nonce) {
    this.#forget(nonce);
  }

  /** Send, in order, what is not under way. */
  flush() {
    for (const entry of this.list()) {
      if (!entry.failure && !this.#underway.has(entry.nonce) && this.#connection.send(commandOf(entry))) {
        this.#underway.add(entry.nonce);
      }
    }
  }

  /** @param {string} nonce @param {Api.Refusal} refusal */
  #refused(nonce, refusal) {
    const { code } = refusal;
    const entry = this.#find(nonce);
    if (!entry || code === "recipient_offline") {
      return;
    }
    this.#underway.delete(nonce);
    const tries = (this.#tries.get(nonce) ?? 0) + 1;
    this.#tries.set(nonce, tries);
    if (PASSING.has(code) && tries < TRIES_MAX) {
      this.#underway.add(nonce); // until its time comes
      setTimeout(() => this.#underway.delete(nonce) && this.flush(), RETRY_MS * tries);
      return;
    }
    entry.failure = why(refusal);
    this.#keep(entry);
    this.#onChange(entry);
  }

  /** @param {string} nonce */
  #find(nonce) {
    return this.#unstored.get(nonce) ?? parsed(localStorage.getItem(this.#prefix + nonce));
  }

  /** @param {Unsent} entry */
  #keep(entry) {
    try {
      localStorage.setItem(this.#prefix + entry.nonce, JSON.stringify(entry));
    } catch {
      this.#unstored.set(entry.nonce, entry);
    }
  }

  /** @param {string} nonce */
  #forget(nonce) {
    this.#underway.delete(nonce);
    this.#tries.delete(nonce);
    this.#unstored.delete(nonce);
    localStorage.removeItem(this.#prefix + nonce);
  }
}

/** @param {Unsent} entry */
function commandOf(entry) {
  return {
    type: "message",
    ...targetOf(entry.conversation),
    message: entry.message,
    nonce: entry.nonce,
    attachments: entry.attachments.map((file) => file.id),
    ...(entry.reply_to === null ? {} : { reply_to: entry.reply_to }),
  };
}

/** @param {string | null} text @returns {Unsent | null} */
function parsed(text) {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** `crypto.randomUUID` is only there in secure contexts: a Parley at home may be plain http. */
export function newNonce() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
