/** File names and sizes, as people see them; gateway/domain/file_names.py does the same for what the server shows. */

import { callWords } from "./call_words.js";
import { language, t } from "./i18n.js";
import { preview } from "./texts.js";

const ENDING = /^(?<stem>.+)(?<ending>\.[A-Za-z0-9]{1,8})$/s;
const VOICE_MESSAGE = /^voice-message-\d{4}-\d\d-\d\d-\d{4}\.\w+$/;
const KILOBYTE = 1_000;
const SIZE_UNITS = [
  { unit: "GB", one: 1_000_000_000 },
  { unit: "MB", one: 1_000_000 },
  { unit: "kB", one: KILOBYTE },
];

/**
 * What one knows a file by.
 * @typedef {{kind: Api.FileKind, filename: string}} NamedFile
 */

/** The name without its ending, and that with its dot. @param {string} filename @returns {[string, string]} */
export function splitEnding(filename) {
  const { stem, ending } = ENDING.exec(filename)?.groups ?? {};
  return stem ? [stem, ending] : [filename, ""];
}

/** @param {NamedFile} file */
export function isVoiceMessage({ kind, filename }) {
  return kind === "audio" && VOICE_MESSAGE.test(filename);
}

/** @param {NamedFile} file */
export function plainName(file) {
  return isVoiceMessage(file) ? t("Voice message") : file.filename || t("File");
}

/** The name in two parts, so that the ending is never cut short. @param {NamedFile} file */
export function nameParts(file) {
  const [stem, ending] = isVoiceMessage(file) ? [plainName(file), ""] : splitEnding(plainName(file));
  return [part("stem", stem), ...(ending ? [part("ending", ending)] : [])];
}

/** @param {string} className @param {string} text */
function part(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

/** What a file is, in a word or by its name, where its message says nothing. @param {NamedFile} file */
export function whatIs(file) {
  if (file.kind === "picture") {
    return t("Picture");
  }
  return file.kind === "video" ? t("Video") : plainName(file);
}

/** @param {Pick<Api.Message, "message" | "attachments" | "call">} message what is said of it in a line */
export function lineOf({ message, attachments = [], call }) {
  if (call) {
    return callWords(call);
  }
  return preview(message) || (attachments[0] ? whatIs(attachments[0]) : "");
}

/** `3 kB`, `1.4 MB`. @param {number} bytes */
export function sizeText(bytes) {
  const { unit, one } = SIZE_UNITS.find((each) => bytes >= 0.9995 * each.one) ?? SIZE_UNITS[2];
  const amount = bytes / one;
  const maximumFractionDigits = amount < 100 && one > KILOBYTE ? 1 : 0;
  const format = new Intl.NumberFormat(language, { maximumFractionDigits });
  return `${format.format(one === KILOBYTE ? Math.max(amount, Math.min(bytes, 1)) : amount)}\u{a0}${unit}`;
}

/** `0:07`, `12:30`, `1:02:03`. @param {number} seconds */
export function clockTime(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
