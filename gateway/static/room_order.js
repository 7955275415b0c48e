/** A room of the list, moved to another place by who may order it: there it stands for all who are in it. */

import { nameIn } from "./conversation_label.js";
import { all, closest, optional, required } from "./dom.js";
import { tryTo } from "./message_changes.js";

const POSITION_MAX = 9_999;

/** @typedef {{name: string, position: number, isMovable: boolean}} Room */
/** @import { Place } from "./list_order.js" */

/** @param {DragEvent} event @param {HTMLElement} item @returns {Place | null} */
export function roomPlaceAt(event, item) {
  const section = closest(event, '[data-section^="#"]');
  const row = closest(event, 'li[data-conversation^="#"]');
  if (!section) {
    return null;
  }
  const { top = 0, height = 0 } = row?.getBoundingClientRect() ?? {};
  const isAbove = event.clientY < top + height / 2;
  const before = isAbove ? row : nextOf(row);
  return placeBefore(section, before === item ? nextOf(item) : before, item);
}

/** In its section. @param {HTMLElement} item @param {boolean} isUp @returns {Place | null} */
export function roomPlaceBeside(item, isUp) {
  const there = isUp ? item.previousElementSibling : item.nextElementSibling;
  const section = item.closest("[data-section]");
  if (!(there instanceof HTMLElement) || !(section instanceof HTMLElement)) {
    return null;
  }
  return placeBefore(section, isUp ? there : nextOf(there), item);
}

/** @param {HTMLElement | null} item */
function nextOf(item) {
  return /** @type {HTMLElement | null | undefined} */ (item?.nextElementSibling) ?? null;
}

/**
 * @param {HTMLElement} section
 * @param {HTMLElement | null} before null: at its end
 * @param {HTMLElement} item
 * @returns {Place}
 */
function placeBefore(section, before, item) {
  const take = () => put(item, section, before);
  const last = all(section, "li").at(-1) ?? section;
  return before ? { mark: before, side: "before", take } : { mark: last, side: "after", take };
}

/**
 * At once for the eye; the list is asked for again when it is told to all.
 * @param {HTMLElement} item
 * @param {HTMLElement} section
 * @param {HTMLElement | null} before
 */
async function put(item, section, before) {
  const [home, neighbour] = [item.parentElement, item.nextElementSibling];
  const rows = all(section, "li").filter((one) => one !== item);
  const at = before ? rows.indexOf(before) : rows.length;
  required(section, "ul").insertBefore(item, before);
  const heading = section.dataset.section === "#" ? null : optional(section, "h2")?.textContent;
  for (const { name, position } of placesFor(rows.map(roomOf), roomOf(item), at)) {
    const row = [item, ...rows].find((one) => roomOf(one).name === name);
    if (row && !(await orderRoom(row, { section: heading, position }))) {
      home?.insertBefore(item, neighbour);
      return;
    }
  }
}

/**
 * @param {HTMLElement} row
 * @param {{section?: string | null | undefined, position: number}} place
 * @returns {Promise<boolean>} false where it is refused
 */
export async function orderRoom(row, place) {
  if (await tryTo("PATCH", `/api/rooms/${encodeURIComponent(roomOf(row).name)}`, place)) {
    return false;
  }
  row.dataset.position = String(place.position);
  return true;
}

/** @param {HTMLElement} item @returns {Room} */
export function roomOf({ dataset }) {
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
