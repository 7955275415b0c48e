/** What can be done with a message: answer, react, edit, delete; by mouse and by keyboard. */

import { confirmed } from "./confirming.js";
import { notice } from "./notices.js";
import { togglePicker } from "./reactions.js";
import { t } from "./words.js";

export function wireTools({ element, log, composer, connection }) {
  const send = (command) => {
    if (!connection.send(command)) {
      notice(t("You are offline. Try again in a moment."));
    }
  };
  const react = (article, emoji) => {
    const id = Number(article.dataset.id);
    const present = [...article.querySelectorAll("[data-emoji]")].find((one) => one.dataset.emoji === emoji);
    send({ type: "react", id, emoji, remove: present?.getAttribute("aria-pressed") === "true" });
  };
  const actions = {
    reply: (article) => composer.reply(article),
    react: (article, opener) => togglePicker(article, opener, (emoji) => react(article, emoji)),
    edit: (article) => composer.edit(article),
    delete: async (article) => {
      if (await confirmed(t("Delete this message for everybody?"), t("Delete"))) {
        send({ type: "delete", id: Number(article.dataset.id) });
        composer.focus();
      }
    },
  };

  element.addEventListener("click", (event) => {
    const article = event.target.closest("article[data-id]");
    const tool = event.target.closest(".tools [data-action]");
    const reaction = event.target.closest(".reactions [data-emoji]");
    if (article && tool && actions[tool.dataset.action]) {
      event.preventDefault();
      actions[tool.dataset.action](article, tool);
    } else if (article && reaction) {
      event.preventDefault();
      react(article, reaction.dataset.emoji);
    } else if (event.target.closest("a.reply, .reply a")) {
      follow(event, log);
    }
  });
  element.addEventListener("submit", (event) => event.target.matches(".reactions") && event.preventDefault());
  // A link that acts is a button, and a button answers to the space bar.
  element.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches('a[role="button"]')) {
      event.preventDefault();
      event.target.click();
    }
  });
}

/** To the message that was answered, wherever it is. */
async function follow(event, log) {
  event.preventDefault();
  const hash = new URL(event.target.closest("a").href).hash;
  const id = Number(hash.replace("#message-", ""));
  if (await log.reveal(id)) {
    location.replace(hash); // for :target, without a step in the browser's history
  } else {
    location.assign(`?before=${id + 1}${hash}`);
  }
}
