/** The composer: where one writes, answers, corrects, and adds pictures. */

import { quoteOf } from "./articles.js";
import { Chosen } from "./chosen.js";
import { notice } from "./notices.js";
import { nameOf } from "./people.js";
import { lengthOf } from "./texts.js";
import { t } from "./words.js";

const TYPING_MS = 1_000;
const LENGTH_MAX = 16_000; // the service has the last word; this keeps a frame below its limit

export class Composer {
  #form;
  #area;
  #bar;
  #chosen;
  #log;
  #connection;
  #outbox;
  /** What is written now: a message, perhaps an answer to an article, or the new text of one. */
  #mode = { kind: "message", article: null };
  #draft = "";
  /** While it is disabled. @type {string | null} */
  #placeholder = null;
  #typedAtMs = -TYPING_MS;
  #isWaiting = false;

  constructor({ form, log, connection, outbox }) {
    this.#form = form;
    this.#area = form.elements.message;
    this.#bar = document.getElementById("reply-to");
    this.#log = log;
    this.#connection = connection;
    this.#outbox = outbox;
    this.#chosen = new Chosen({
      list: document.getElementById("chosen"),
      progress: document.getElementById("upload"),
      onChange: () => this.#sendIfWaiting(),
    });
    this.#wireWriting();
    this.#wirePictures();
    this.#answerAsAsked();
  }

  focus() {
    this.#area.focus();
  }

  reply(article) {
    this.#enter("reply", article, t("Reply to %(name)s", { name: nameOf(article.dataset.sender) }));
  }

  edit(article) {
    this.#draft = this.#mode.kind === "edit" ? this.#draft : this.#area.value;
    this.#enter("edit", article, t("Edit message"));
    this.#setText(article.querySelector(".text").textContent);
  }

  disable(reason) {
    for (const element of this.#form.elements) {
      element.disabled = true;
    }
    this.#placeholder ??= this.#area.placeholder;
    this.#area.placeholder = reason;
  }

  /** Take it back; what was written is still there. */
  enable() {
    if (this.#placeholder !== null) {
      for (const element of this.#form.elements) {
        element.disabled = false;
      }
      this.#area.placeholder = this.#placeholder;
      this.#placeholder = null;
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

  #enter(kind, article, what) {
    this.#mode = { kind, article };
    const title = document.createElement("span");
    title.className = "what";
    title.textContent = what;
    const quote = document.createElement("span");
    quote.className = "quote";
    quote.dir = "auto";
    quote.textContent = quoteOf(article);
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.dataset.action = "cancel";
    cancel.setAttribute("aria-label", t("Cancel"));
    cancel.textContent = "×";
    cancel.addEventListener("click", () => this.#leave());
    this.#bar.replaceChildren(title, " ", quote, " ", cancel);
    this.#bar.hidden = false;
    this.focus();
  }

  #leave() {
    const wasEdit = this.#mode.kind === "edit";
    this.#mode = { kind: "message", article: null };
    this.#bar.hidden = true;
    this.#bar.replaceChildren();
    this.#form.elements.reply_to?.setAttribute("value", "");
    if (wasEdit) {
      this.#setText(this.#draft);
      this.#draft = "";
    }
    this.focus();
  }

  /** The page was asked for with `?reply_to=`, by a link for those without scripts. */
  #answerAsAsked() {
    const id = this.#form.elements.reply_to?.value;
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
      this.#grow();
      this.#tellTyping();
    });
    this.#grow();
  }

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

  #submit() {
    if (lengthOf(this.#area.value) > LENGTH_MAX) {
      notice(t("That is too long for one message."));
    } else if (this.#mode.kind === "edit") {
      this.#submitEdit();
    } else if (this.#chosen.isUploading) {
      this.#isWaiting = true;
      this.#form.ariaBusy = "true";
    } else if (this.#area.value.trim() || !this.#chosen.isEmpty) {
      this.#submitMessage();
    }
  }

  #sendIfWaiting() {
    if (this.#isWaiting && !this.#chosen.isUploading) {
      this.#isWaiting = false;
      this.#form.ariaBusy = "false";
      this.#submit();
    }
  }

  #submitMessage() {
    const entry = this.#outbox.add({
      conversation: this.#log.conversation,
      message: this.#area.value,
      attachments: this.#chosen.isEmpty ? [] : this.#chosen.take(),
      reply_to: this.#mode.article ? Number(this.#mode.article.dataset.id) : null,
    });
    if (!entry) {
      notice(t("Too many messages are still unsent."));
      return;
    }
    notice("");
    this.#setText("");
    this.#typedAtMs = -TYPING_MS;
    if (this.#mode.kind === "reply") {
      this.#leave();
    }
  }

  #submitEdit() {
    const { article } = this.#mode;
    const message = this.#area.value;
    if (message !== article.querySelector(".text").textContent) {
      if (!this.#connection.send({ type: "edit", id: Number(article.dataset.id), message })) {
        notice(t("You are offline. Try again in a moment."));
        return;
      }
    }
    this.#leave();
  }

  #setText(text) {
    this.#area.value = text;
    this.#area.setSelectionRange(text.length, text.length);
    this.#grow();
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
    const name = this.#log.conversation.slice(1);
    const target = this.#log.conversation.startsWith("#") ? { room: name } : { to: name };
    if (this.#connection.send({ type: "typing", ...target })) {
      this.#typedAtMs = now;
    }
  }

  // Pictures

  #wirePictures() {
    const input = this.#form.elements.files;
    input?.addEventListener("change", () => {
      this.#chosen.add([...input.files]);
      input.value = "";
      this.focus();
    });
    this.#area.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (files.length > 0) {
        event.preventDefault();
        this.#chosen.add(files);
      }
    });
    this.#wireDropping();
  }

  #wireDropping() {
    const { body } = document;
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragover", (event) => {
      if (hasFiles(event)) {
        event.preventDefault();
        body.classList.add("dragging");
      }
    });
    addEventListener("dragleave", (event) => event.relatedTarget ?? body.classList.remove("dragging"));
    addEventListener("drop", (event) => {
      body.classList.remove("dragging");
      if (hasFiles(event)) {
        event.preventDefault();
        this.#chosen.add([...event.dataTransfer.files]);
        this.focus();
      }
    });
  }
}
