/** A room of the list, dragged to another place by who may order it: there it stands for all who are in it. */

import { nameIn } from "./conversation_label.js";
import { all, closest, optional, required } from "./dom.js";
import { tryTo } from "./message_changes.js";

const POSITION_MAX = 9_999;

/** @typedef {{name: string, position: number, isMovable: boolean}} Room */
/** @typedef {{section: HTMLElement, before: HTMLElement | null}} Place `before` null: at its end */

/** @param {Event} event the drag that begins @param {HTMLElement} list */
export function dragRoom(event, list) {
  const item = closest(event, "li[data-movable]");
  if (!item) {
    return;
  }
  const over = new AbortController();
  const until = { signal: over.signal };
  list.addEventListener("dragover", (moved) => show(list, moved, placeAt(moved, item)), until);
  list.addEventListener("drop", (dropped) => {
    const place = placeAt(dropped, item);
    dropped.preventDefault();
    over.abort();
    show(list, dropped, null);
    place && put(item, place);
  }, until);
  document.addEventListener("dragend", (ended) => {
    over.abort();
    show(list, ended, null);
  }, until);
}

/** @param {DragEvent} event @param {HTMLElement} item @returns {Place | null} */
function placeAt(event, item) {
  const section = closest(event, '[data-section^="#"]');
  const row = closest(event, 'li[data-conversation^="#"]');
  if (!section) {
    return null;
  }
  const { top = 0, height = 0 } = row?.getBoundingClientRect() ?? {};
  const isAbove = event.clientY < top + height / 2;
  const before = isAbove ? row : (row?.nextElementSibling ?? null);
  return { section, before: before === item ? nextOf(item) : /** @type {HTMLElement | null} */ (before) };
}

/** @param {HTMLElement} item */
function nextOf(item) {
  return /** @type {HTMLElement | null} */ (item.nextElementSibling);
}

/** Where it would go. @param {HTMLElement} list @param {Event} event @param {Place | null} place */
function show(list, event, place) {
  all(list, "[data-drop]").forEach((one) => delete one.dataset.drop);
  if (place) {
    event.preventDefault(); // it may be dropped here
    const last = all(place.section, "li").at(-1);
    const [mark, side] = place.before ? [place.before, "before"] : [last ?? place.section, "after"];
    mark.dataset.drop = side;
  }
}

/**
 * At once for the eye; the list is asked for again when it is told to all.
 * @param {HTMLElement} item
 * @param {Place} to
 */
async function put(item, { section, before }) {
  const [home, neighbour] = [item.parentElement, item.nextElementSibling];
  const rooms = all(section, "li").filter((one) => one !== item);
  const at = before ? rooms.indexOf(before) : rooms.length;
  required(section, "ul").insertBefore(item, before);
  const heading = section.dataset.section === "#" ? null : optional(section, "h2")?.textContent;
  for (const { name, position } of placesFor(rooms.map(roomOf), roomOf(item), at)) {
    if (await tryTo("PATCH", `/api/rooms/${encodeURIComponent(name)}`, { section: heading, position })) {
      home?.insertBefore(item, neighbour);
      return;
    }
    const row = name === roomOf(item).name ? item : rooms.find((one) => roomOf(one).name === name);
    row && (row.dataset.position = String(position));
  }
}

/** @param {HTMLElement} item @returns {Room} */
function roomOf({ dataset }) {
  const { conversation = "", position = "0" } = dataset;
  return { name: nameIn(conversation), position: Number(position), isMovable: "movable" in dataset };
}

/**
 * The positions with which `moved` stands before the room `at`: rooms stand by position, then by name. As few change as
 * can; where others would have to that may not be changed, it comes as near as it may.
 * @param {Room[]} rooms the others of the section, in their order
 * @param {Room} moved
 * @param {number} at
 * @returns {{name: string, position: number}[]}
 */
export function placesFor(rooms, moved, at) {
  const first = leastBehind(rooms[at - 1], moved);
  const places = [{ name: moved.name, position: first }];
  let last = { ...moved, position: first };
  for (const room of rooms.slice(at)) {
    const least = leastBehind(last, room);
    if (room.position >= least) {
      break;
    }
    if (!room.isMovable || least > POSITION_MAX) {
      return places.slice(0, 1);
    }
    last = { ...room, position: least };
    places.push({ name: room.name, position: least });
  }
  return places;
}

/** @param {Room | undefined} before @param {Room} room */
function leastBehind(before, room) {
  const isBehindByName = before && before.name.toLowerCase() < room.name.toLowerCase();
  return before ? before.position + Number(!isBehindByName) : 0;
}
