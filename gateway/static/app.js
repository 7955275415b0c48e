/** Where the scripts begin: each page gets what it has a place for. */

import { Calls, wireCallButton } from "./calls.js";
import { Composer } from "./composer.js";
import { Conversations } from "./conversations.js";
import { Log } from "./log.js";
import { wireNotifications } from "./notifications.js";
import { Outbox } from "./outbox.js";
import { me, wireAvatars } from "./people.js";
import { wirePresence, wireTyping } from "./presence.js";
import { Connection, showConnection } from "./socket.js";
import { wireStreams, wireStudio } from "./studio.js";
import { wireTheme } from "./theme.js";
import { localize } from "./times.js";
import { wireTools } from "./tools.js";
import { wireViewer } from "./viewer.js";
import { t } from "./words.js";

const byId = (id) => document.getElementById(id);
const main = document.querySelector("main");

function begin() {
  document.documentElement.classList.add("js");
  localize();
  wireAvatars();
  wireTheme();
  if (me) {
    beginSession();
  }
}

/** For somebody who is signed in: one connection a page, and what lives on it. */
function beginSession() {
  const connection = new Connection();
  const outbox = new Outbox(me, connection);
  if (byId("connection")) {
    showConnection(connection, byId("connection"), { connecting: t("Connecting …"), offline: t("Offline") });
  }
  const open = main?.dataset.conversation ?? null;
  if (byId("conversations")) {
    const conversations = new Conversations({ list: byId("conversations"), open, connection });
    conversations.positions.forEach((seq, name) => connection.positions.set(name, seq));
    conversations.epochs.forEach((epoch, name) => connection.epochs.set(name, epoch));
  }
  if (open && byId("log")) {
    beginConversation(connection, outbox);
  }
  wirePresence(connection);
  wireNotifications(connection);
  if (byId("call")) {
    wireCallButton(new Calls({ dialog: byId("call"), connection }), main?.dataset.other);
  }
  if (byId("camera")) {
    wireStudio(byId("camera"));
  }
  if (byId("streams")) {
    wireStreams(byId("streams"));
  }
  connection.open();
}

function beginConversation(connection, outbox) {
  const log = new Log({ main, connection, outbox });
  connection.positions.set(log.conversation, log.position);
  if (main.dataset.epoch) {
    connection.epochs.set(log.conversation, main.dataset.epoch);
  }
  if (byId("composer")) {
    const composer = new Composer({ form: byId("composer"), log, connection, outbox });
    wireTools({ element: byId("log"), log, composer, connection });
    wireMembership(connection, log, composer);
    if (!matchMedia("(pointer: coarse)").matches && !location.hash) {
      composer.focus(); // on a phone the keyboard would cover what one came to read
    }
  }
  if (byId("viewer")) {
    wireViewer(byId("log"), byId("viewer"));
  }
  if (byId("typing")) {
    wireTyping(connection, log.conversation, byId("typing"));
  }
}

/** Who is no longer in the room cannot write there; who comes back can, with what they had written. */
function wireMembership(connection, log, composer) {
  const gone = () => composer.disable(t("You are no longer here."));
  const isHere = (event) => event.conversation === log.conversation;
  connection.on("left", (event) => isHere(event) && event.username === me && gone());
  connection.on("closed", (event) => isHere(event) && gone());
  connection.on("joined", (event) => isHere(event) && event.username === me && composer.enable());
  connection.on("another", (conversation) => conversation === log.conversation && composer.detach());
  connection.on("resumed", (event) => {
    if (log.conversation in event.positions) {
      composer.enable();
    } else if (log.conversation.startsWith("#")) {
      gone();
    }
  });
}

begin();
