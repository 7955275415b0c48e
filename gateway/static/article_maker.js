/** Articles of the log: made of what the services tell, or taken over from the page as it was served. */

import { all, required } from "./dom.js";
import { fold } from "./folding.js";
import { reviewMessage } from "./live_moderation.js";
import { bringToLife } from "./markup.js";
import { muteAnnouncements } from "./message_list.js";
import { identify, makeArticle, nameArticle, setState } from "./message_view.js";
import { me } from "./people.js";

export class ArticleMaker {
  #conversation;
  #find;
  #isRead;

  /**
   * @param {object} parts
   * @param {Api.Label} parts.conversation
   * @param {(id: number) => HTMLElement | null} parts.find an article of the log
   * @param {(seq: number) => boolean} parts.isRead whether the other has read up to there
   */
  constructor({ conversation, find, isRead }) {
    this.#conversation = conversation;
    this.#find = find;
    this.#isRead = isRead;
  }

  /** @param {import("./message_view.js").Shown} item */
  make(item) {
    const article = makeArticle(item, this.#find);
    reviewMessage(article, this.#conversation);
    finish(article);
    return article;
  }

  /** A message as the history tells it. @param {Api.Message} item */
  fromHistory(item) {
    const article = this.make(item);
    if (item.sender_username === me) {
      setState(article, this.#isRead(item.seq) ? "read" : "sent");
    }
    return article;
  }
}

/** One that was served. @param {HTMLElement} article */
export function adopt(article) {
  bringToLife(required(article, ".text"));
  for (const tool of all(article, ".tools [data-action]")) {
    tool.setAttribute("role", "button");
  }
  finish(article);
}

/** One's own is on disk, or another's has a new text. @param {HTMLElement} article @param {Api.Message} item */
export function update(article, item) {
  identify(article, item);
  finish(article);
}

/** @param {HTMLElement} article */
function finish(article) {
  muteAnnouncements(article);
  nameArticle(article);
  fold(article);
}
