/** Badges: how much there is, where it is not nothing. */

/** @param {HTMLElement | null} badge @param {number} count */
export function showCount(badge, count) {
  if (badge) {
    (badge.querySelector("span") ?? badge).textContent = count ? String(count) : "";
    badge.hidden = count === 0;
  }
}
