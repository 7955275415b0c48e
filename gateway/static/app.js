/** Where the scripts begin: each page gets what it has a place for. */

import { wireQuestions } from "./asking.js";
import { wireAudioPlayers } from "./audio_player.js";
import { Calls, wireCallButton } from "./calls.js";
import { Composer } from "./composer.js";
import { showComposerError } from "./composer_error.js";
import { Connection } from "./connection.js";
import { showConnection } from "./connection_status.js";
import { isRoom } from "./conversation_label.js";
import { ConversationList } from "./conversation_list.js";
import { wireCodeCopying } from "./code_copying.js";
import { wireCopyButtons } from "./copy_button.js";
import { closest, optional, required } from "./dom.js";
import { wireFolding } from "./folding.js";
import { wireFoundMessages } from "./found_messages.js";
import { t, why } from "./i18n.js";
import { LiveModeration } from "./live_moderation.js";
import { wireSpoilers } from "./markup.js";
import { LogKeyboard } from "./log_keyboard.js";
import { wireMenus } from "./menus.js";
import { MessageActions } from "./message_actions.js";
import { MessageLog } from "./message_log.js";
import { followMidnight } from "./midnight.js";
import { wireNotificationSettings } from "./notification_settings.js";
import { wireNotifications } from "./notifications.js";
import { Outbox } from "./outbox.js";
import { me, wireAvatars } from "./people.js";
import { wirePins } from "./pins.js";
import { PictureViewer } from "./picture_viewer.js";
import { wirePresence, wireTyping } from "./presence.js";
import { wireProfileLinks } from "./profile_links.js";
import { wireQuotes } from "./quotes.js";
import { wireSignOut } from "./sign_out.js";
import { wireSwitcher } from "./switcher_key.js";
import { wireTextPeeks } from "./text_peek.js";
import { wireTheme } from "./theme.js";
import { localize } from "./time_format.js";
import { WritingLimits } from "./writing_limits.js";

/**
 * Begin something where the page has a place for it.
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {(element: Kind) => void} start
 * @param {new () => Kind} [kind]
 */
function at(id, start, kind) {
  const element = optional(document, `#${id}`, kind);
  if (element) {
    start(element);
  }
}

function begin() {
  document.documentElement.classList.add("js");
  localize();
  followMidnight();
  wireAvatars();
  wireTheme();
  wireMenus();
  wireCopyButtons();
  wireSpoilers();
  wireQuestions();
  if (me) {
    beginSession();
  }
}

/** For somebody who is signed in: one connection a page, and what lives on it. */
function beginSession() {
  wireSwitcher();
  const main = optional(document, "main");
  const connection = new Connection();
  const outbox = new Outbox(me, connection);
  at("connection", (element) => showConnection(connection, element));
  const open = main?.dataset.conversation ?? null;
  at("conversations", (list) => {
    const conversations = new ConversationList({ list, open, connection });
    conversations.positions.forEach((seq, name) => connection.positions.set(name, seq));
    conversations.epochs.forEach((epoch, name) => connection.epochs.set(name, epoch));
    wireListOrder(list);
  });
  at("log", (log) => main && open && beginConversation({ main, element: log, connection, outbox }));
  wirePresence(connection);
  connection.on("profile", async (event) => (await import("./live_profiles.js")).showProfile(event));
  wireNotifications(connection);
  wireFoundMessages(connection);
  wireSignOut(connection);
  /** @type {Calls | null} */
  let calls = null;
  at(
    "call",
    (dialog) => {
      calls = new Calls({ dialog, connection });
      wireCallButton(calls, main?.dataset.other);
    },
    HTMLDialogElement,
  );
  wireProfileLinks(open, () => calls);
  at("avatar", async (input) => (await import("./own_picture.js")).wireOwnPicture(input), HTMLInputElement);
  at("query", async (field) => (await import("./search_completion.js")).wireSearchCompletion(field), HTMLInputElement);
  // Only the page of live video needs them.
  at("camera", async (form) => new (await import("./live_video.js")).LiveVideo(form));
  at("streams", async (list) => (await import("./stream_list.js")).wireStreamList(list));
  connection.open();
}

/** @param {HTMLElement} list */
function wireListOrder(list) {
  list.addEventListener("dragstart", async (event) => {
    const heading = closest(event, "summary");
    heading && event.dataTransfer?.setData("text/plain", heading.textContent ?? ""); // Firefox drags nothing without
    (await import("./list_order.js")).drag(event, list);
  });
  list.addEventListener("keydown", async (event) => {
    if (event.altKey && /^Arrow(Up|Down)$/.test(event.key)) {
      (await import("./list_order.js")).moveByKey(event);
    }
  });
}

/** @param {{main: HTMLElement, element: HTMLElement, connection: Connection, outbox: Outbox}} parts */
function beginConversation({ main, element, connection, outbox }) {
  const log = new MessageLog({ main, connection, outbox });
  connection.positions.set(log.conversation, log.position);
  if (main.dataset.epoch) {
    connection.epochs.set(log.conversation, main.dataset.epoch);
  }
  at(
    "composer",
    (form) => {
      const limits = new WritingLimits({ conversation: log.conversation, connection, outbox });
      const composer = new Composer({ form, log, connection, outbox, limits });
      new LiveModeration({ main, log: element, connection, limits });
      new MessageActions({ element, log, composer, connection });
      wirePins({ element, log, connection });
      const scroller = required(document, "#scroller");
      new LogKeyboard({ scroller, log: element, ...log.ends, leave: () => composer.focus() });
      element.addEventListener("changed", (event) => composer.follow(/** @type {CustomEvent} */ (event).detail));
      connection.on("error", showRefusal);
      wireMembership(connection, log, composer);
      if (!matchMedia("(pointer: coarse)").matches && !location.hash) {
        composer.focus(); // on a phone the keyboard would cover what one came to read
      }
    },
    HTMLFormElement,
  );
  wireQuotes(element);
  wireFolding(element);
  wireCodeCopying(element);
  wireAudioPlayers(main);
  wireTextPeeks(element);
  at("members", async () => {
    const { MemberList } = await import("./member_list.js");
    new MemberList({ conversation: log.conversation, connection });
  });
  at("details", (details) => wireNotificationSettings(details, log.conversation, connection));
  at("viewer", (dialog) => new PictureViewer(element, dialog), HTMLDialogElement);
  at("typing", (line) => wireTyping(connection, log.conversation, line));
}

/** Of a read mark, say: what has a nonce is told at its message, what a call was refused for in its window.
 * @param {Api.Refusal} refusal
 */
function showRefusal(refusal) {
  if (!refusal.nonce && refusal.code !== "recipient_offline" && !document.querySelector("#call[open]")) {
    showComposerError(why(refusal) ?? "");
  }
}

/**
 * Who is no longer in the room cannot write there; who comes back can, with what they had written.
 * @param {Connection} connection
 * @param {MessageLog} log
 * @param {Composer} composer
 */
function wireMembership(connection, log, composer) {
  const gone = () => composer.lock.close(t("You are no longer here."));
  /** @param {Api.Change} event */
  const isHere = (event) => event.conversation === log.conversation;
  connection.on("left", (event) => isHere(event) && event.username === me && gone());
  connection.on("closed", (event) => isHere(event) && gone());
  connection.on("joined", (event) => isHere(event) && event.username === me && composer.lock.open());
  connection.on("another", (conversation) => conversation === log.conversation && composer.detach());
  connection.on("resumed", (event) => {
    if (log.conversation in event.positions) {
      composer.lock.open();
    } else if (isRoom(log.conversation)) {
      gone();
    }
  });
}

begin();
document.documentElement.dataset.scripts = "live"; // see script_loader.js
