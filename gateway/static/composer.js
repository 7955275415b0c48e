/** The composer: where one writes, answers, corrects, adds files and speaks. */

import { AttachmentPicker } from "./attachment_picker.js";
import { showComposerError } from "./composer_error.js";
import { optional, required } from "./dom.js";
import { wireFiles } from "./file_input.js";
import { FormLock } from "./form_lock.js";
import { t } from "./i18n.js";
import { changeMessage } from "./message_changes.js";
import { quoteFrom, quoteOf, senderOf, textOf } from "./message_view.js";
import { nameOf } from "./people.js";
import { ReplyBar } from "./reply_bar.js";
import { SavedDraft } from "./saved_draft.js";
import { TypingNotice } from "./typing_notice.js";
import { VoiceButton } from "./voice_button.js";
import { WritingArea } from "./writing_area.js";

/** @import { Connection } from "./connection.js" */
/** @import { MessageLog } from "./message_log.js" */
/** @import { Outbox } from "./outbox.js" */
/** @import { WritingLimits } from "./writing_limits.js" */

/** @typedef {{kind: "reply" | "edit", id: number, article: HTMLElement | null}} About a message, perhaps not shown */
/** @typedef {{kind: "message"} | About} Mode */

export class Composer {
  /** While one cannot write here; what was written stays. */
  lock;
  #form;
  #area;
  #field;
  #bar;
  #attachments;
  #voice;
  #log;
  #typing;
  #outbox;
  #limits;
  /** What is written now: a message, perhaps an answer to an article, or the new text of one. @type {Mode} */
  #mode = { kind: "message" };
  #draft;
  /** The text that waits while a message is edited. */
  #waitingText = "";
  #isSaving = false;

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {MessageLog} parts.log
   * @param {Connection} parts.connection
   * @param {Outbox} parts.outbox
   * @param {WritingLimits} parts.limits
   */
  constructor({ form, log, connection, outbox, limits }) {
    const area = required(form, '[name="message"]', HTMLTextAreaElement);
    this.#form = form;
    this.#area = area;
    this.#field = new WritingArea({ form, area, conversation: log.conversation });
    this.#log = log;
    this.lock = new FormLock(form, area);
    this.#typing = new TypingNotice(connection, log.conversation);
    this.#outbox = outbox;
    this.#limits = limits;
    this.#bar = new ReplyBar(required(form, "#reply-to"), () => this.#leave());
    this.#attachments = new AttachmentPicker(form, () => this.#sendIfWaiting());
    this.#voice = new VoiceButton({
      form,
      onRecorded: (file, sound) => this.#attachments.addVoiceMessage(file, sound),
    });
    const reply_to = Number(required(form, '[name="reply_to"]', HTMLInputElement).value) || null;
    this.#draft = new SavedDraft({
      conversation: log.conversation,
      connection,
      kept: { message: area.value, reply_to },
      lengthMax: Number(form.dataset.messageLengthMax),
      onElsewhere: (draft) => this.#take(draft),
    });
    wireFiles({ form, area, onFiles: (files) => this.#attachments.add(files) });
    if (reply_to) {
      this.#answer(reply_to);
    }
    this.#wireWriting();
    this.#draft.recover();
  }

  focus() {
    this.#field.focus();
  }

  /** @param {HTMLElement} article */
  reply(article) {
    if (this.#mode.kind === "edit") {
      this.#leave();
    }
    this.#answer(Number(article.dataset.id));
    this.focus();
    this.#changed();
  }

  /** @param {HTMLElement} article */
  edit(article) {
    this.#waitingText = this.#text;
    this.#mode = { kind: "edit", id: Number(article.dataset.id), article };
    this.#bar.show(t("Edit message"), quoteOf(article));
    this.#setText(textOf(article));
    this.focus();
  }

  /** The messages are gone: what is written is a message of its own. */
  detach() {
    if (this.#mode.kind === "edit") {
      this.#waitingText = [this.#waitingText, this.#field.text].filter(Boolean).join("\n");
    }
    if (this.#mode.kind !== "message") {
      this.#leave();
    }
  }

  /** A message is another, or no more: so is what is said of it here. @param {Api.MessageChange} change */
  follow(change) {
    const mode = this.#mode;
    if (mode.kind === "message" || mode.id !== change.id) {
      return;
    }
    if (change.type === "deleted") {
      this.detach();
      showComposerError(t("That message has been deleted. What you wrote is still here."));
    } else if (change.type === "edited") {
      this.#bar.update(quoteFrom(change.username, change.message));
      if (mode.kind === "edit" && !this.#isSaving) {
        showComposerError(t("That message has been changed meanwhile. Saving replaces the change."));
      }
    }
  }

  // Modes

  /** The message may be on another page of the history. @param {number} id */
  #answer(id) {
    const article = this.#log.find(id);
    this.#mode = { kind: "reply", id, article };
    const shown = optional(this.#form, "#reply-to .quote")?.textContent;
    const what = article ? t("Reply to %(name)s", { name: nameOf(senderOf(article)) }) : t("Reply");
    this.#bar.show(what, article ? quoteOf(article) : shown || t("An earlier message"));
  }

  #leave() {
    const wasEdit = this.#mode.kind === "edit";
    this.#mode = { kind: "message" };
    this.#bar.hide();
    if (wasEdit) {
      this.#setText(this.#waitingText);
      this.#waitingText = "";
    }
    this.#changed();
    this.focus();
  }

  /** Of a message of its own, or of an answer. */
  get #text() {
    return this.#mode.kind === "edit" ? this.#waitingText : this.#field.text;
  }

  /** As it is on another device now. @param {Api.Draft} draft */
  #take({ message, reply_to }) {
    this.#form.ariaBusy = "false";
    if (this.#mode.kind === "edit") {
      this.#waitingText = message;
      return;
    }
    this.#mode = { kind: "message" };
    this.#bar.hide();
    if (reply_to !== null) {
      this.#answer(reply_to);
    }
    this.#field.text = message;
    this.#voice.offer(message === "");
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
      if (this.#field.text && this.#mode.kind !== "edit") {
        this.#typing.tell();
      }
    });
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    // While an input method composes, Enter chooses a word (Safari says so by the key code only).
    if (event.isComposing || event.keyCode === 229) {
      return;
    }
    if (this.#field.pressed(event)) {
      return;
    }
    if (this.#field.sends(event)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#mode.kind !== "message") {
      event.preventDefault();
      this.#leave();
    } else if (event.key === "ArrowUp" && this.#field.text === "" && this.#mode.kind === "message") {
      const last = this.#log.lastOwn();
      if (last?.dataset.id) { // else it is on its way, and no older one is meant
        event.preventDefault();
        this.edit(last);
      }
    }
  }

  async #submit() {
    if (this.#voice.isRecording) {
      await this.#voice.finish();
    }
    const { surplus } = this.#field;
    const held = this.#limits.reason(this.#mode.kind);
    if (held) {
      showComposerError(held);
    } else if (surplus > 0) {
      showComposerError(t("That is too long for one message: %(count)s over the limit.", { count: surplus }));
    } else if (this.#mode.kind === "edit") {
      this.#submitEdit(this.#mode);
    } else if (this.#attachments.isUploading) {
      this.#form.ariaBusy = "true";
    } else if (this.#attachments.hasRefused) {
      showComposerError(t("Not every file could be sent. Remove those, or try again."));
    } else if (this.#field.text.trim() || !this.#attachments.isEmpty) {
      this.#submitMessage();
    }
  }

  #sendIfWaiting() {
    if (this.#form.ariaBusy === "true" && !this.#attachments.isUploading) {
      this.#form.ariaBusy = "false";
      this.#submit();
    }
  }

  #submitMessage() {
    const entry = this.#outbox.add({
      conversation: this.#log.conversation,
      message: this.#field.text,
      attachments: this.#attachments.isEmpty ? [] : this.#attachments.take(),
      reply_to: this.#mode.kind === "reply" ? this.#mode.id : null,
    });
    if (!entry) {
      showComposerError(t("Too many messages are still unsent."));
      return;
    }
    showComposerError("");
    this.#setText("");
    this.#typing.said();
    if (this.#mode.kind !== "message") {
      this.#leave(); // which takes the focus: on a phone, a voice message should not bring the keyboard
    }
    this.#draft.forget();
  }

  /** Refused, it stays as it was written. @param {About} edit */
  async #submitEdit(edit) {
    if (this.#isSaving) {
      return;
    }
    const message = this.#field.text;
    const isSame = edit.article !== null && message === textOf(edit.article);
    this.#isSaving = true;
    this.#field.hold(true);
    const reason = isSame ? "" : await changeMessage(this.#log.conversation, edit.id, "PATCH", { body: { message } });
    this.#isSaving = false;
    this.#field.hold(false);
    showComposerError(reason);
    if (!reason && this.#mode === edit) {
      this.#leave();
    }
  }

  /** @param {string} text */
  #setText(text) {
    this.#field.text = text;
    this.#changed();
  }

  #changed() {
    this.#form.ariaBusy = "false"; // what waited for a file to be sent with is something else now
    this.#voice.offer(this.#field.text === "");
    this.#draft.keep({ message: this.#text, reply_to: this.#mode.kind === "reply" ? this.#mode.id : null });
  }
}
