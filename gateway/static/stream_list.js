/** The list of streams: who is live now, each with a picture of this moment. */

import { all, optional } from "./dom.js";
import { t } from "./i18n.js";
import { me, nameOf } from "./people.js";

const REFRESH_MS = 5_000;

/** Keep the list current while somebody looks. @param {HTMLElement} list */
export function wireStreamList(list) {
  const refresh = async () => {
    if (document.visibilityState !== "visible") {
      return;
    }
    try {
      const answer = await fetch("/api/video/streams", { cache: "no-store" });
      if (answer.ok) {
        show(list, await answer.json());
      }
    } catch {
      // the next round asks again
    }
  };
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
  document.addEventListener("own-stream", refresh);
}

/** Those that are there stay, so that focus and pictures do. @param {HTMLElement} list @param {Api.Stream[]} streams */
function show(list, streams) {
  const shown = new Map(all(list, "[data-stream]").map((item) => [item.dataset.stream ?? "", item]));
  const live = new Set(streams.map((stream) => stream.name));
  for (const [name, item] of shown) {
    if (!live.has(name)) {
      item.remove();
    }
  }
  for (const stream of streams) {
    const image = shown.get(stream.name)?.querySelector("img");
    if (image) {
      image.src = snapshotOf(stream.name);
    } else if (!shown.has(stream.name)) {
      list.append(itemFor(stream));
    }
  }
  const empty = optional(document, "#streams-empty, #streams ~ .empty");
  if (empty) {
    empty.hidden = live.size > 0;
  }
  list.hidden = live.size === 0;
}

/** @param {string} name */
function snapshotOf(name) {
  return `/api/video/streams/${encodeURIComponent(name)}/snapshot?at=${Date.now()}`;
}

/** @param {Api.Stream} stream */
function itemFor({ name, username }) {
  const item = document.createElement("li");
  item.dataset.stream = name;
  const link = document.createElement("a");
  link.href = `/video?${new URLSearchParams({ watch: name })}`;
  const image = new Image();
  image.alt = "";
  image.onerror = () => (image.hidden = true);
  image.onload = () => (image.hidden = false);
  image.src = snapshotOf(name);
  const label = document.createElement("span");
  label.className = "name";
  label.textContent = username === me ? `${name} (${t("you")})` : `${name} (${nameOf(username)})`;
  link.append(image, label);
  item.append(link);
  return item;
}
