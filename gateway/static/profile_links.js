/** Whatever shows somebody opens their card: names and pictures in messages, members, mentions. */

import { closest } from "./dom.js";
import { isRoom, nameIn } from "./conversation_label.js";

/** @import { Calls } from "./calls.js" */

const PERSON = "article[data-sender] > .avatar, .text .mention, .found .mention";

/** @param {Api.Label | null} conversation the open one @param {() => Calls | null} calls */
export function wireProfileLinks(conversation, calls) {
  document.addEventListener("click", async (event) => {
    const address = addressAt(event, conversation);
    if (!address || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
      return;
    }
    event.preventDefault();
    const { showProfileCard } = await import("./profile_card.js");
    await showProfileCard(address, calls());
  });
}

/** @param {Event} event @param {Api.Label | null} conversation */
function addressAt(event, conversation) {
  const link = closest(event, 'a[href^="/people/"]:not(.profile-dialog a)');
  if (link instanceof HTMLAnchorElement) {
    return withRoom(link.href, conversation);
  }
  const username = usernameOf(closest(event, PERSON));
  return username ? withRoom(`/people/${encodeURIComponent(username)}`, conversation) : null;
}

/** @param {HTMLElement | null} element */
function usernameOf(element) {
  if (!element?.matches(".mention")) {
    return element?.closest("article")?.dataset.sender ?? "";
  }
  const name = element.textContent?.trim() ?? "";
  return name.startsWith("@") && name !== "@room" ? name.slice(1) : "";
}

/** @param {string} href @param {Api.Label | null} conversation */
function withRoom(href, conversation) {
  const address = new URL(href, location.href);
  if (conversation && isRoom(conversation)) {
    address.searchParams.set("room", nameIn(conversation));
  }
  return address.pathname + address.search;
}
