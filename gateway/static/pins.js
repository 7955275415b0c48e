/** Pins while a conversation is open: their marks in the log, and the view of all of them beside it. */

import { all, optional } from "./dom.js";
import { pagePathOf, pinsPathOf } from "./conversation_label.js";
import { learnPinned, setPinned, showPinned } from "./pinned_messages.js";

/** @import { Connection } from "./connection.js" */
/** @import { MessageLog } from "./message_log.js" */

/** @param {{element: HTMLElement, log: MessageLog, connection: Connection}} parts */
export function wirePins({ element, log, connection }) {
  for (const [type, pinned] of /** @type {const} */ ([
    ["pinned", true],
    ["unpinned", false],
  ])) {
    connection.on(type, (event) => {
      if (event.conversation === log.conversation) {
        setPinned(event.id, pinned);
        const article = log.find(event.id);
        article && showPinned(article);
      }
    });
  }
  /** @param {boolean} isConcerned */
  const relearnIf = async (isConcerned) => {
    if (isConcerned) {
      await relearn(log.conversation);
      all(element, ":scope > article[data-id]").forEach(showPinned);
    }
  };
  connection.on("resumed", ({ truncated }) => relearnIf(truncated.includes(log.conversation)));
  connection.on("another", (conversation) => relearnIf(conversation === log.conversation));
  const button = optional(document, '.talk-head [data-icon="pin"]', HTMLAnchorElement);
  button?.addEventListener("click", async (event) => {
    event.preventDefault();
    const view = await loadSideView();
    view ? view.toggleSideView({ url: button.href, opener: button, log, connection }) : location.assign(button.href);
  });
}

/**
 * What answers the message. Its link closes that again; what chooses from a menu goes with the menu.
 * @param {HTMLElement} article
 * @param {HTMLElement} chosen
 * @param {MessageLog} log
 * @param {Connection} connection
 */
export async function showReplies(article, chosen, log, connection) {
  const url = `${pagePathOf(log.conversation)}/m/${article.dataset.id}/replies`;
  const view = await loadSideView();
  if (!view) {
    location.assign(url);
  } else if (chosen.matches(".replies")) {
    view.toggleSideView({ url, opener: chosen, log, connection });
  } else {
    view.openSideView({ url, opener: article, log, connection });
  }
}

function loadSideView() {
  return import("./side_view.js").catch(() => null);
}

/** More was missed than the socket tells. @param {Api.Label} conversation */
async function relearn(conversation) {
  try {
    const answer = await fetch(pinsPathOf(conversation), { cache: "no-store" });
    if (answer.ok) {
      learnPinned((await answer.json()).map((/** @type {{id: number}} */ one) => one.id));
    }
  } catch {
    // The next connection asks again.
  }
}
