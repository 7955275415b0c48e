/** The page of live video: one's own camera with its effects, and who else is on air. */

import { Camera } from "./camera.js";
import { me, nameOf } from "./people.js";
import { Transmission } from "./video.js";
import { t } from "./words.js";

const REFRESH_MS = 5_000;

export function wireStudio(section) {
  const video = section.querySelector("video");
  const canvas = section.querySelector("canvas");
  const state = document.getElementById("camera-state");
  const effect = section.querySelector('[name="effect"]');
  const name = section.querySelector('[name="stream"]');
  const startButton = section.querySelector('[data-action="start"]');
  const stopButton = section.querySelector('[data-action="stop"]');
  const camera = new Camera(video);
  let transmission = null;

  function show(isOn, text) {
    section.dataset.state = isOn ? "on" : "off";
    const hadFocus = [startButton, stopButton].includes(document.activeElement);
    startButton.hidden = isOn;
    stopButton.hidden = !isOn;
    name.disabled = isOn;
    if (hadFocus) {
      (isOn ? stopButton : startButton).focus();
    }
    state.textContent = text;
  }

  function stop(text = t("The camera is off.")) {
    transmission?.stop();
    transmission = null;
    camera.stop();
    show(false, text);
  }

  async function start() {
    startButton.disabled = true;
    state.textContent = t("Starting …");
    try {
      await camera.start();
      const onEnd = () => stop(t("The connection for video was lost."));
      transmission = new Transmission({ camera, canvas, onEnd });
      await transmission.start({ stream: name.value.trim(), effect: effect.value });
      show(true, name.value.trim() ? t("You are on air.") : t("Only you see this."));
    } catch (error) {
      stop(error.message || t("Video was refused. Another name may help."));
    } finally {
      startButton.disabled = false;
    }
  }

  section.hidden = false;
  section.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!camera.isOn) {
      start();
    }
  });
  startButton.addEventListener("click", (event) => {
    event.preventDefault();
    start();
  });
  stopButton.addEventListener("click", (event) => {
    event.preventDefault();
    stop();
  });
  effect.addEventListener("change", () => transmission?.configure({ effect: effect.value }));
  addEventListener("pagehide", () => stop());
  show(false, "");
}

/** Keep the list of streams current while somebody looks. */
export function wireStreams(list) {
  const refresh = async () => {
    if (document.visibilityState !== "visible") {
      return;
    }
    try {
      const answer = await fetch("/api/video/streams", { cache: "no-store" });
      if (answer.ok) {
        showStreams(list, await answer.json());
      }
    } catch {
      // the next round asks again
    }
  };
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
}

/** Those that are there stay, so that focus and pictures do. */
function showStreams(list, streams) {
  const shown = new Map([...list.querySelectorAll("[data-stream]")].map((item) => [item.dataset.stream, item]));
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
  const empty = document.querySelector("#streams-empty, #streams ~ .empty");
  if (empty) {
    empty.hidden = live.size > 0;
  }
  list.hidden = live.size === 0;
}

function snapshotOf(name) {
  return `/api/video/streams/${encodeURIComponent(name)}/snapshot?at=${Date.now()}`;
}

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
