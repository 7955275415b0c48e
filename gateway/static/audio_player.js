/** Players of sounds, over the browser's own: play and pause, a waveform to seek in, speed. One plays at a time. */

import { all, closest, optional, required } from "./dom.js";
import { clockTime } from "./file_names.js";
import { t } from "./i18n.js";
import { barsPath, linePath, listenTo } from "./waveform.js";
import { whenVisible } from "./when_visible.js";

const SPEEDS = [1, 1.5, 2];
const STEP_S = 5;
const DECODED_BYTES_MAX = 5_000_000;
/** Fetched before somebody plays it: a voice message of a few minutes. */
const DECODED_UNASKED_BYTES_MAX = 1_000_000;

/** @type {WeakMap<HTMLElement, number[]>} */
const waveforms = new WeakMap();
/** @type {WeakSet<HTMLElement>} */
const decoding = new WeakSet();

/** Of every `.sound` below `root`, whenever it comes. @param {HTMLElement} root */
export function wireAudioPlayers(root) {
  root.addEventListener("click", clicked);
  root.addEventListener("keydown", pressed);
  // Events of media do not bubble.
  root.addEventListener("play", onlyOne, true);
  for (const event of ["play", "pause", "ended", "timeupdate", "seeked", "loadedmetadata", "ratechange"]) {
    root.addEventListener(event, ({ target }) => target instanceof HTMLAudioElement && show(target), true);
  }
  whenVisible(root, ".sound[data-size]", (sound) => decode(sound, DECODED_UNASKED_BYTES_MAX));
}

/** @param {HTMLElement} sound @param {number[]} loudness each 0 to 1 */
export function showWaveform(sound, loudness) {
  waveforms.set(sound, loudness);
  required(sound, ".wave path", SVGPathElement).setAttribute("d", barsPath(loudness));
  show(audioOf(sound));
}

/** @param {HTMLElement} sound */
function audioOf(sound) {
  return required(sound, "audio", HTMLAudioElement);
}

/** @param {HTMLElement} sound @param {number} bytesMax */
async function decode(sound, bytesMax) {
  const size = Number(sound.dataset.size ?? Infinity);
  if (size > bytesMax || decoding.has(sound) || waveforms.has(sound)) {
    return;
  }
  decoding.add(sound);
  try {
    const answer = await fetch(audioOf(sound).src);
    if (answer.ok) {
      const { seconds, loudness } = await listenTo(await answer.arrayBuffer());
      sound.dataset.duration ||= String(seconds);
      showWaveform(sound, loudness);
    }
  } catch {
    // The line stays: what this browser cannot decode it may still be able to play, or to tell why not.
  }
}

/** @param {MouseEvent} event */
function clicked(event) {
  const sound = closest(event, ".sound");
  const action = closest(event, "[data-action]")?.dataset.action;
  const wave = closest(event, ".wave");
  if (!sound) {
    return;
  }
  const audio = audioOf(sound);
  if (action === "play") {
    toggle(sound, audio);
  } else if (action === "speed") {
    audio.playbackRate = audio.defaultPlaybackRate = SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length];
  } else if (wave) {
    const { left, width } = wave.getBoundingClientRect();
    seek(audio, ((event.clientX - left) / width) * lengthOf(audio));
  }
}

/** @param {HTMLElement} sound @param {HTMLAudioElement} audio */
async function toggle(sound, audio) {
  if (!audio.paused) {
    audio.pause();
    return;
  }
  decode(sound, DECODED_BYTES_MAX);
  try {
    await audio.play();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      return; // paused before it began
    }
    required(sound, ".time").textContent = t("This browser cannot play it.");
  }
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const sound = closest(event, ".wave") && closest(event, ".sound");
  if (!sound || event.altKey || event.ctrlKey || event.metaKey) {
    return;
  }
  const audio = audioOf(sound);
  const { currentTime } = audio;
  /** @type {Record<string, number | undefined>} */
  const places = {
    ArrowLeft: currentTime - STEP_S,
    ArrowDown: currentTime - STEP_S,
    ArrowRight: currentTime + STEP_S,
    ArrowUp: currentTime + STEP_S,
    PageDown: currentTime - lengthOf(audio) / 10,
    PageUp: currentTime + lengthOf(audio) / 10,
    Home: 0,
    End: lengthOf(audio),
  };
  const place = places[event.key];
  if (place !== undefined) {
    event.preventDefault();
    event.stopPropagation();
    seek(audio, place);
  }
}

/** @param {HTMLAudioElement} audio @param {number} seconds */
function seek(audio, seconds) {
  audio.currentTime = Math.max(0, Math.min(seconds, lengthOf(audio)));
  show(audio);
}

/** In seconds; a recording of a browser may not know its own length. @param {HTMLAudioElement} audio */
function lengthOf(audio) {
  const told = Number(audio.closest(".sound")?.getAttribute("data-duration") ?? 0);
  return Number.isFinite(audio.duration) ? audio.duration : told;
}

/** @param {Event} event */
function onlyOne({ target }) {
  for (const other of all(document, ".attachments :is(audio, video), #chosen audio", HTMLMediaElement)) {
    if (other !== target) {
      other.pause();
    }
  }
}

/** @param {HTMLAudioElement} audio */
function show(audio) {
  const sound = /** @type {HTMLElement | null} */ (audio.closest(".sound"));
  if (!sound) {
    return;
  }
  const length = lengthOf(audio);
  const now = Math.min(audio.currentTime, length);
  const part = length > 0 ? now / length : 0;
  const loudness = waveforms.get(sound);
  const played = loudness ? barsPath(loudness.slice(0, Math.round(loudness.length * part))) : linePath(part);
  required(sound, ".played", SVGPathElement).setAttribute("d", played);
  const wave = required(sound, ".wave");
  wave.ariaValueMax = String(Math.round(length));
  wave.ariaValueNow = String(Math.round(now));
  wave.ariaValueText = t("%(now)s of %(length)s", { now: clockTime(now), length: clockTime(length) });
  required(sound, ".time").textContent =
    now > 0 || !audio.paused ? `${clockTime(now)} / ${clockTime(length)}` : length ? clockTime(length) : "";
  showButtons(sound, audio);
}

/** @param {HTMLElement} sound @param {HTMLAudioElement} audio */
function showButtons(sound, audio) {
  const play = required(sound, '[data-action="play"]');
  const word = audio.paused ? t("Play") : t("Pause");
  play.toggleAttribute("data-playing", !audio.paused);
  play.title = word;
  required(play, ".hidden-text").textContent = word;
  const speed = optional(sound, '[data-action="speed"] .value');
  if (speed) {
    speed.textContent = `${audio.playbackRate}×`;
  }
}
