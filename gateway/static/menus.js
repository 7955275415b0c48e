/** Menus that are a `<details>`: they close when one presses beside them, goes on, or presses Escape. */

import { all, required } from "./dom.js";

export function wireMenus() {
  for (const menu of all(document, "details.instance-menu", HTMLDetailsElement)) {
    document.addEventListener("pointerdown", ({ target }) => {
      if (target instanceof Node && !menu.contains(target)) {
        menu.open = false;
      }
    });
    menu.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) {
        menu.open = false;
      }
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) {
        event.stopPropagation();
        menu.open = false;
        required(menu, "summary").focus();
      }
    });
    menu.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("a")) {
        menu.open = false; // the link may lead to a place on this page
      }
    });
  }
}
