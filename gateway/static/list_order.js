/** The order of the list, changed by who may order its rooms: by dragging, or by Alt and the arrows. */

import { all, closest } from "./dom.js";
import { roomPlaceAt, roomPlaceBeside } from "./room_order.js";
import { sectionPlaceAt, sectionPlaceBeside } from "./section_order.js";

/** @typedef {{mark: HTMLElement, side: "before" | "after", take: () => Promise<void>}} Place `take` it, for all */

const ROOM = "li[data-movable]";
const HEADING = "summary[draggable]";

/** @param {Event} event the drag that begins @param {HTMLElement} list */
export function drag(event, list) {
  const [room, heading] = [closest(event, ROOM), closest(event, HEADING)];
  const moved = room ?? heading?.parentElement;
  if (!moved) {
    return;
  }
  /** @param {DragEvent} pointed */
  const placeAt = (pointed) => (room ? roomPlaceAt(pointed, moved) : sectionPlaceAt(pointed, moved));
  const over = new AbortController();
  const until = { signal: over.signal };
  list.addEventListener("dragover", (pointed) => show(list, pointed, placeAt(pointed)), until);
  list.addEventListener("drop", (dropped) => {
    const place = placeAt(dropped);
    dropped.preventDefault();
    over.abort();
    show(list, dropped, null);
    place?.take();
  }, until);
  document.addEventListener("dragend", (ended) => {
    over.abort();
    show(list, ended, null);
  }, until);
}

/** What has the focus goes one place up or down. @param {KeyboardEvent} event */
export function moveByKey(event) {
  const isUp = event.key === "ArrowUp";
  const [room, heading] = [closest(event, ROOM), closest(event, HEADING)];
  if (room) {
    keepFocus(roomPlaceBeside(room, isUp));
  } else if (heading?.parentElement) {
    keepFocus(sectionPlaceBeside(heading.parentElement, isUp));
  }
}

/** @param {Place | null} place */
function keepFocus(place) {
  const focused = document.activeElement;
  place?.take(); // at once for the eye
  focused instanceof HTMLElement && focused.focus({ preventScroll: true });
}

/** Where it would go. @param {HTMLElement} list @param {Event} event @param {Place | null} place */
function show(list, event, place) {
  all(list, "[data-drop]").forEach((one) => delete one.dataset.drop);
  if (place) {
    event.preventDefault(); // it may be dropped here
    place.mark.dataset.drop = place.side;
  }
}
