/** The composer: where one writes, answers, corrects, adds files and speaks. */

import { AttachmentPicker } from "./attachment_picker.js";
import { showComposerError } from "./composer_error.js";
import { targetOf } from "./conversation_label.js";
import { actionButton, required } from "./dom.js";
import { wireFiles } from "./file_input.js";
import { t } from "./i18n.js";
import { quoteOf, senderOf, textOf } from "./message_view.js";
import { nameOf } from "./people.js";
import { lengthOf } from "./texts.js";
import { VoiceButton } from "./voice_button.js";

/** @import { Connection } from "./connection.js" */
/** @import { MessageLog } from "./message_log.js" */
/** @import { Outbox } from "./outbox.js" */
/** @import { WritingLimits } from "./writing_limits.js" */

/** @typedef {{kind: "message"} | {kind: "reply" | "edit", article: HTMLElement}} Mode */

const TYPING_MS = 1_000;

export class Composer {
  #form;
  #area;
  #bar;
  #attachments;
  #voice;
  #log;
  #connection;
  #outbox;
  #limits;
  /** What is written now: a message, perhaps an answer to an article, or the new text of one. @type {Mode} */
  #mode = { kind: "message" };
  #draft = "";
  /** While it is disabled. @type {string | null} */
  #placeholder = null;
  #typedAtMs = -TYPING_MS;
  #isWaiting = false;

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {MessageLog} parts.log
   * @param {Connection} parts.connection
   * @param {Outbox} parts.outbox
   * @param {WritingLimits} parts.limits
   */
  constructor({ form, log, connection, outbox, limits }) {
    this.#form = form;
    this.#area = required(form, '[name="message"]', HTMLTextAreaElement);
    this.#bar = required(form, "#reply-to");
    this.#log = log;
    this.#connection = connection;
    this.#outbox = outbox;
    this.#limits = limits;
    this.#attachments = new AttachmentPicker({
      list: required(form, "#chosen"),
      countMax: Number(form.dataset.attachmentsMax),
      bytesMax: { picture: Number(form.dataset.pictureBytesMax), other: Number(form.dataset.fileBytesMax) },
      onChange: () => this.#sendIfWaiting(),
    });
    this.#voice = new VoiceButton({
      form,
      onRecorded: (file, sound) => this.#attachments.addVoiceMessage(file, sound),
    });
    this.#wireWriting();
    wireFiles({ form, area: this.#area, onFiles: (files) => this.#attachments.add(files) });
    this.#answerAsAsked();
  }

  focus() {
    this.#area.focus();
  }

  /** @param {HTMLElement} article */
  reply(article) {
    this.#enter("reply", article, t("Reply to %(name)s", { name: nameOf(senderOf(article)) }));
  }

  /** @param {HTMLElement} article */
  edit(article) {
    this.#draft = this.#mode.kind === "edit" ? this.#draft : this.#area.value;
    this.#enter("edit", article, t("Edit message"));
    this.#setText(textOf(article));
  }

  /** @param {string} reason */
  disable(reason) {
    this.#setDisabled(true);
    this.#placeholder ??= this.#area.placeholder;
    this.#area.placeholder = reason;
  }

  /** Take it back; what was written is still there. */
  enable() {
    if (this.#placeholder !== null) {
      this.#setDisabled(false);
      this.#area.placeholder = this.#placeholder;
      this.#placeholder = null;
    }
  }

  /** @param {boolean} isDisabled */
  #setDisabled(isDisabled) {
    for (const element of this.#form.elements) {
      element.toggleAttribute("disabled", isDisabled);
    }
  }

  /** The articles are gone: what is written is a message of its own. */
  detach() {
    if (this.#mode.kind === "edit") {
      this.#draft = this.#area.value;
    }
    if (this.#mode.kind !== "message") {
      this.#leave();
    }
  }

  // Modes

  /** @param {"reply" | "edit"} kind @param {HTMLElement} article @param {string} what */
  #enter(kind, article, what) {
    this.#mode = { kind, article };
    const title = document.createElement("span");
    title.className = "what";
    title.textContent = what;
    const quote = document.createElement("span");
    quote.className = "quote";
    quote.dir = "auto";
    quote.textContent = quoteOf(article);
    const cancel = actionButton("cancel", "×");
    cancel.setAttribute("aria-label", t("Cancel"));
    cancel.addEventListener("click", () => this.#leave());
    this.#bar.replaceChildren(title, " ", quote, " ", cancel);
    this.#bar.hidden = false;
    this.focus();
  }

  #leave() {
    const wasEdit = this.#mode.kind === "edit";
    this.#mode = { kind: "message" };
    this.#bar.hidden = true;
    this.#bar.replaceChildren();
    this.#replyField.setAttribute("value", "");
    if (wasEdit) {
      this.#setText(this.#draft);
      this.#draft = "";
    }
    this.focus();
  }

  get #replyField() {
    return required(this.#form, '[name="reply_to"]', HTMLInputElement);
  }

  /** The page was asked for with `?reply_to=`, by a link for those without scripts. */
  #answerAsAsked() {
    const id = this.#replyField.value;
    const article = id && this.#log.find(id);
    if (article) {
      this.reply(article);
    }
  }

  // Writing

  #wireWriting() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#area.addEventListener("keydown", (event) => this.#pressed(event));
    this.#area.addEventListener("input", () => {
      this.#changed();
      this.#tellTyping();
    });
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    // While an input method composes, Enter chooses a word (Safari says so by the key code only).
    if (event.isComposing || event.keyCode === 229) {
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#mode.kind !== "message") {
      event.preventDefault();
      this.#leave();
    } else if (event.key === "ArrowUp" && this.#area.value === "" && this.#mode.kind === "message") {
      const last = this.#log.lastOwn();
      if (last) {
        event.preventDefault();
        this.edit(last);
      }
    }
  }

  async #submit() {
    if (this.#voice.isRecording) {
      await this.#voice.finish();
    }
    const held = this.#limits.reason(this.#mode.kind);
    if (held) {
      showComposerError(held);
    } else if (lengthOf(this.#area.value) > Number(this.#form.dataset.messageLengthMax)) {
      showComposerError(t("That is too long for one message."));
    } else if (this.#mode.kind === "edit") {
      this.#submitEdit(this.#mode.article);
    } else if (this.#attachments.isUploading) {
      this.#isWaiting = true;
      this.#form.ariaBusy = "true";
    } else if (this.#attachments.hasRefused) {
      showComposerError(t("Not every file could be sent. Remove those, or try again."));
    } else if (this.#area.value.trim() || !this.#attachments.isEmpty) {
      this.#submitMessage();
    }
  }

  #sendIfWaiting() {
    if (this.#isWaiting && !this.#attachments.isUploading) {
      this.#isWaiting = false;
      this.#form.ariaBusy = "false";
      this.#submit();
    }
  }

  #submitMessage() {
    const entry = this.#outbox.add({
      conversation: this.#log.conversation,
      message: this.#area.value,
      attachments: this.#attachments.isEmpty ? [] : this.#attachments.take(),
      reply_to: this.#mode.kind === "reply" ? Number(this.#mode.article.dataset.id) : null,
    });
    if (!entry) {
      showComposerError(t("Too many messages are still unsent."));
      return;
    }
    showComposerError("");
    this.#setText("");
    this.#typedAtMs = -TYPING_MS;
    if (this.#mode.kind === "reply") {
      this.#leave();
    }
  }

  /** @param {HTMLElement} article */
  #submitEdit(article) {
    const message = this.#area.value;
    if (message !== textOf(article)) {
      if (!this.#connection.send({ type: "edit", id: Number(article.dataset.id), message })) {
        showComposerError(t("You are offline. Try again in a moment."));
        return;
      }
    }
    this.#leave();
  }

  /** @param {string} text */
  #setText(text) {
    this.#area.value = text;
    this.#area.setSelectionRange(text.length, text.length);
    this.#changed();
  }

  #changed() {
    this.#grow();
    this.#voice.offer(this.#area.value === "");
  }

  /** As high as its text; the style sheet says how high at most. */
  #grow() {
    this.#area.style.height = "auto";
    const border = this.#area.offsetHeight - this.#area.clientHeight;
    this.#area.style.height = `${this.#area.scrollHeight + border}px`;
  }

  #tellTyping() {
    const now = performance.now();
    if (this.#area.value === "" || this.#mode.kind === "edit" || now - this.#typedAtMs < TYPING_MS) {
      return;
    }
    if (this.#connection.send({ type: "typing", ...targetOf(this.#log.conversation) })) {
      this.#typedAtMs = now;
    }
  }
}
