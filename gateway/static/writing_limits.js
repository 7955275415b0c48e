/** Writing limits: why nothing can be sent in this room now, or only now and then; said above the composer. */

import { optional } from "./dom.js";
import { t } from "./i18n.js";
import { isNews, moderates, ownLimits } from "./moderation.js";
import { me } from "./people.js";
import { durationIn, format } from "./time_format.js";

/** @import { Connection } from "./connection.js" */
/** @import { Outbox } from "./outbox.js" */

const TICK_MS = 1_000;

export class WritingLimits {
  #conversation;
  #connection;
  #outbox;
  #slowModeS = 0;
  #timeoutEndsAtMs = 0;
  /** From when slow mode lets the next message through. */
  #freeAtMs = 0;
  #ticking = 0;

  /** @param {{conversation: Api.Label, connection: Connection, outbox: Outbox}} parts */
  constructor({ conversation, connection, outbox }) {
    this.#conversation = conversation;
    this.#connection = connection;
    this.#outbox = outbox;
    this.#learn();
    connection.on("timed_out", (event) => {
      if (event.conversation === conversation && event.username === me && isNews(event)) {
        this.#timeoutEndsAtMs = event.until === null ? 0 : Date.parse(event.until);
        this.show();
      }
    });
    connection.on("room_changed", (event) => {
      if (event.conversation === conversation && isNews(event) && event.slow_mode_s !== this.#slowModeS) {
        this.#slowModeS = event.slow_mode_s;
        this.#freeAtMs = 0;
        this.show();
      }
    });
    connection.on("sent", (event) => event.conversation === conversation && this.#wrote());
    connection.on("error", (event) => this.#refused(event));
    this.show();
  }

  #learn() {
    const { slow_mode_s, timed_out_until } = ownLimits();
    this.#slowModeS = slow_mode_s;
    this.#timeoutEndsAtMs = timed_out_until === null ? 0 : Date.parse(timed_out_until);
  }

  /**
   * Why it cannot be sent now; empty: it can, as far as is known.
   * @param {"message" | "reply" | "edit"} kind
   */
  reason(kind) {
    return this.#timeout() || (kind === "edit" ? "" : this.#wait());
  }

  /** Say how it is, and go on saying it while that changes by itself. */
  show() {
    const note = optional(document, "#composer-note");
    if (!note || !this.#conversation.startsWith("#")) {
      return;
    }
    const held = this.reason("message");
    note.textContent = held || this.#rule();
    note.hidden = note.textContent === "";
    note.toggleAttribute("data-held", held !== "");
    clearTimeout(this.#ticking);
    if (held) {
      this.#ticking = setTimeout(() => this.show(), TICK_MS);
    }
  }

  #timeout() {
    if (this.#timeoutEndsAtMs <= Date.now()) {
      return "";
    }
    const time = format(new Date(this.#timeoutEndsAtMs), "full");
    return t("A moderator has timed you out. You may read here, but not write, until %(time)s.", { time });
  }

  #wait() {
    const leftS = Math.ceil((this.#freeAtMs - Date.now()) / 1_000);
    if (!this.#isSlowed || leftS <= 0) {
      return "";
    }
    return t("Slow mode: you can send the next message in %(time)s.", { time: durationIn(leftS) });
  }

  #rule() {
    return this.#isSlowed ? t("Slow mode: one message in %(time)s", { time: durationIn(this.#slowModeS) }) : "";
  }

  get #isSlowed() {
    return this.#slowModeS > 0 && !moderates();
  }

  /** What was said before, and is told after a reconnect, may be long ago. */
  #wrote() {
    if (this.#slowModeS > 0 && this.#connection.state === "online") {
      this.#freeAtMs = Date.now() + this.#slowModeS * 1_000;
      this.show();
    }
  }

  /** The service knows better. @param {Api.Refusal} refusal */
  #refused({ code, nonce, retry_after_s = 0 }) {
    if (!nonce || !this.#outbox.list(this.#conversation).some((entry) => entry.nonce === nonce)) {
      return;
    }
    if (code === "slow_mode") {
      this.#freeAtMs = Date.now() + retry_after_s * 1_000;
    } else if (code === "timed_out") {
      this.#timeoutEndsAtMs = Date.now() + retry_after_s * 1_000;
    }
    this.show();
  }
}
