/** A peek into a text file: its first lines, below its name. */

import { required } from "./dom.js";
import { whenVisible } from "./when_visible.js";

const PEEK_BYTES = 2_048;
const LINES_MAX = 10;

/** @param {HTMLElement} root where messages are */
export function wireTextPeeks(root) {
  whenVisible(root, ".file[data-text]", async (card) => {
    const text = await beginningOf(card.dataset.text ?? "");
    required(card, ".peek").textContent = text.split("\n", LINES_MAX).join("\n");
  });
}

/** As UTF-8; empty where it cannot be had. @param {string} address */
async function beginningOf(address) {
  try {
    const answer = await fetch(address, { headers: { Range: `bytes=0-${PEEK_BYTES - 1}` } });
    // Streaming: what was cut in the middle of a character is not shown as a broken one.
    return answer.ok ? new TextDecoder().decode(await answer.arrayBuffer(), { stream: true }) : "";
  } catch {
    return "";
  }
}
