/** A section of the list, moved to another place with all of its rooms by who may order them. */

import { all, closest } from "./dom.js";
import { orderRoom, placesFor, roomOf } from "./room_order.js";

/** @import { Place } from "./list_order.js" */

/** @param {DragEvent} event @param {HTMLElement} section @returns {Place | null} */
export function sectionPlaceAt(event, section) {
  const there = closest(event, '[data-section^="#"]');
  if (!there || there === section) {
    return null;
  }
  const { top, height } = there.getBoundingClientRect();
  return placeBeside(there, section, event.clientY < top + height / 2);
}

/** @param {HTMLElement} section @param {boolean} isUp @returns {Place | null} */
export function sectionPlaceBeside(section, isUp) {
  const inOrder = sections(section);
  const there = inOrder[inOrder.indexOf(section) + (isUp ? -1 : 1)];
  return there ? placeBeside(there, section, isUp) : null;
}

/**
 * Rooms under no heading come first, so nothing goes before them.
 * @param {HTMLElement} there
 * @param {HTMLElement} section
 * @param {boolean} isBefore
 * @returns {Place | null}
 */
function placeBeside(there, section, isBefore) {
  if (there.dataset.section === "#") {
    return isBefore ? null : { mark: there, side: "after", take: () => put(section, there, false) };
  }
  return { mark: there, side: isBefore ? "before" : "after", take: () => put(section, there, isBefore) };
}

/** @param {HTMLElement} section @param {HTMLElement} there @param {boolean} isBefore */
async function put(section, there, isBefore) {
  const neighbour = section.nextElementSibling;
  section.parentElement?.insertBefore(section, isBefore ? there : there.nextElementSibling);
  const inOrder = sections(section);
  const at = inOrder.indexOf(section);
  const others = inOrder.filter((one) => one !== section);
  for (const { name, position } of placesFor(others.map(unitOf), unitOf(section), at)) {
    const moved = inOrder.find((one) => unitOf(one).name === name);
    if (moved && !(await shift(moved, position))) {
      section.parentElement?.insertBefore(section, neighbour);
      return;
    }
  }
}

/**
 * Its foremost room goes to the position; to make it larger, all go as far, and keep their order.
 * @param {HTMLElement} section
 * @param {number} position
 */
async function shift(section, position) {
  const rows = all(section, "li");
  const by = position - roomOf(rows[0]).position;
  for (const row of by > 0 ? rows.toReversed() : rows.slice(0, 1)) {
    if (!(await orderRoom(row, { position: roomOf(row).position + by }))) {
      return false;
    }
  }
  return true;
}

/** As one room stands for it: sections stand by their foremost room, then by heading. @param {HTMLElement} section */
function unitOf(section) {
  const rooms = all(section, "li").map(roomOf);
  return {
    name: section.dataset.section ?? "",
    position: rooms[0].position,
    isMovable: rooms.every((room) => room.isMovable),
  };
}

/** @param {HTMLElement} section @returns {HTMLElement[]} those with a heading, in order */
function sections(section) {
  return all(section.parentElement ?? section, '[data-section^="#"]:not([data-section="#"])');
}
