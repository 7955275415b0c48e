/** The sheet of a message: what it is about, reactions, and what else there is to do. */

import { optional, required } from "./dom.js";
import { t } from "./i18n.js";
import { choiceLists, choicesFor } from "./message_choices.js";
import { QUICK } from "./message_tools.js";
import { senderOf, textOf } from "./message_view.js";
import { introduced, nameOf } from "./people.js";
import { hasReacted, reactionsOf } from "./reactions.js";
import { openSheet } from "./sheet.js";
import { preview } from "./texts.js";

/**
 * @param {HTMLElement} article
 * @param {Api.Label} conversation
 * @param {(action: string, emoji?: string) => void} onChoose
 */
export function openMessageSheet(article, conversation, onChoose) {
  return openSheet(t("What to do with this message"), (close) => {
    /** @param {string} action @param {string} [emoji] */
    const choose = (action, emoji) => {
      close();
      onChoose(action, emoji);
    };
    return [about(article), quickReactions(article, choose), ...choiceLists(choicesFor(article, conversation), choose)];
  });
}

/** Who reacted, by name: a finger cannot hover. @param {HTMLElement} article */
export function openReactionsSheet(article) {
  return openSheet(t("Reactions"), (close) => {
    const list = document.createElement("ul");
    list.className = "who-reacted";
    for (const { emoji, usernames } of reactionsOf(article)) {
      const row = document.createElement("li");
      const names = document.createElement("span");
      names.dir = "auto";
      names.textContent = usernames.map(introduced).join(", ");
      row.append(emoji, names);
      list.append(row);
    }
    const done = document.createElement("button");
    done.type = "button";
    done.textContent = t("Close");
    done.addEventListener("click", close);
    return [list, done];
  });
}

/** @param {HTMLElement} article */
function about(article) {
  const box = document.createElement("div");
  box.className = "about";
  const line = document.createElement("p");
  line.dir = "auto";
  const name = document.createElement("b");
  name.textContent = nameOf(senderOf(article));
  const time = optional(article, ".head time")?.textContent ?? "";
  line.append(name, ` · ${time}`, document.createElement("br"), preview(textOf(article)));
  box.append(required(article, ".avatar").cloneNode(true), line);
  return box;
}

/** @param {HTMLElement} article @param {(action: string, emoji?: string) => void} choose */
function quickReactions(article, choose) {
  const group = document.createElement("div");
  group.className = "quick";
  group.setAttribute("role", "group");
  group.ariaLabel = t("React");
  for (const emoji of QUICK) {
    const button = group.appendChild(document.createElement("button"));
    button.textContent = emoji;
    button.ariaPressed = String(hasReacted(article, emoji));
    button.addEventListener("click", () => choose("react-with", emoji));
  }
  const more = group.appendChild(document.createElement("button"));
  more.dataset.action = "react";
  more.ariaLabel = t("More reactions");
  more.addEventListener("click", () => choose("react"));
  return group;
}
