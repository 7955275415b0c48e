/** Profiles on an open page: who shows themselves otherwise is shown so wherever they are. */

import { all, optional } from "./dom.js";
import { learnProfile } from "./learned_profiles.js";
import { fillAvatar, handleOf, me, nameOf } from "./people.js";

/** @param {Api.Profile} profile */
export function showProfile(profile) {
  learnProfile(profile);
  const { username, status } = profile;
  const escaped = CSS.escape(username);
  for (const article of all(document, `#log > article[data-sender="${escaped}"]`)) {
    show(article, ".sender", username);
  }
  for (const item of all(document, `#conversations [data-conversation="@${escaped}"]`)) {
    show(item, ".called", username);
  }
  if (optional(document, "main")?.dataset.other === username) {
    document.querySelectorAll(".talk-head, #details .profile").forEach((part) => show(part, ".called", username));
    say(optional(document, "#details .profile .says"), status);
  }
  if (username === me) {
    all(document, ".me").forEach((part) => {
      show(part, ".name", username);
      say(optional(part, ".status"), status);
    });
  }
}

/** @param {Element} part @param {string} where the name stands @param {string} username */
function show(part, where, username) {
  const name = optional(part, where);
  if (name) {
    name.textContent = nameOf(username);
  }
  const handle = optional(part, ".handle");
  if (handle) {
    handle.textContent = handleOf(username);
    handle.hidden = !handle.textContent;
  }
  const avatar = optional(part, ".avatar");
  if (avatar) {
    fillAvatar(avatar, username);
  }
}

/** @param {HTMLElement | null} line @param {string} status */
function say(line, status) {
  if (line) {
    line.textContent = status;
  }
}
