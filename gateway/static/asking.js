/** What cannot be undone asks in a dialog; without it, it opens where it stands, and asks there. */

import { all, closest, required } from "./dom.js";

export function wireQuestions() {
  document.addEventListener("click", async (event) => {
    const asking = closest(event, "details.asks > summary")?.parentElement;
    if (!(asking instanceof HTMLDetailsElement)) {
      return;
    }
    event.preventDefault();
    const form = required(asking, "form", HTMLFormElement);
    const button = required(form, "button");
    const dialog = await import("./confirm_dialog.js").catch(() => null);
    if (!dialog) {
      asking.open = !asking.open;
    } else if (await dialog.confirmed(asking.dataset.question ?? "", button.textContent ?? "")) {
      inPlace(form)?.requestSubmit();
    }
  });
}

/** The form itself, or what stands in its place, if the page was renewed meanwhile. @param {HTMLFormElement} form */
function inPlace(form) {
  return form.isConnected ? form : all(document, "form", HTMLFormElement).find(({ action }) => action === form.action);
}
