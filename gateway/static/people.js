/** People as the page knows them: a name, a picture, or letters on a colour. */

import { all, optional } from "./dom.js";

const HUES = 12;

const element = document.getElementById("people");
/**
 * `picture` is a path of ours; `nickname` is what they call themselves, where the reader calls them otherwise.
 * @type {Record<string, {name: string, picture: string, nickname?: string} | undefined>}
 */
const people = Object.assign(Object.create(null), JSON.parse(element?.textContent || "{}")); // "constructor" is a name

const { username = "", name = "", picture = "" } = document.body.dataset;
/** Who is signed in. */
export const me = username;
if (me) {
  people[me] = { name: name || me, picture };
}

/** @param {string} who */
export function personOf(who) {
  return people[who];
}

/** @param {string} who @param {{name: string, picture: string, nickname?: string}} person */
export function setPerson(who, person) {
  people[who] = person;
}

/** @param {string} who */
export function profilePathOf(who) {
  return `/people/${encodeURIComponent(who)}`;
}

/** As this page calls them: those who spoke here, and those of the list. @param {string} who */
export function nameOf(who) {
  const listed = optional(document, `#conversations [data-conversation="@${CSS.escape(who)}"] .called`);
  return people[who]?.name || listed?.textContent || who;
}

/**
 * `@username` where the name could be taken for another's, else nothing; the server judges alike.
 * @param {string} who
 */
export function handleOf(who) {
  return likeness(nameOf(who)) === likeness(who) ? "" : `@${who}`;
}

/** @param {string} shown */
export function likeness(shown) {
  return shown.normalize("NFKC").replace(/\p{Cf}/gu, "").trim().toLowerCase();
}

/** Name and handle, where there is only one line of text for both. @param {string} who */
export function introduced(who) {
  const handle = handleOf(who);
  return handle ? `${nameOf(who)} (${handle})` : nameOf(who);
}

/** The first letters of the first and of the last word. @param {string} shown */
function initialsOf(shown) {
  const words = shown.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...(word ?? "")][0]).join("").toUpperCase() || "?";
}

/** Which of the colours is theirs; the server counts alike. @param {string} who */
function hueOf(who) {
  return [...who.toLowerCase()].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES;
}

/** Where a picture cannot be had, the letters stay. */
export function wireAvatars() {
  document.addEventListener(
    "error",
    ({ target }) => target instanceof Element && target.matches(".avatar img") && target.remove(),
    true,
  );
  for (const image of all(document, ".avatar img", HTMLImageElement)) {
    if (image.complete && image.naturalWidth === 0) {
      image.decode().catch(() => image.remove()); // it failed before this script was there
    }
  }
}

/**
 * Make `avatar`, a `.avatar`, that of this person.
 * @param {HTMLElement} avatar
 * @param {string} who
 */
export function fillAvatar(avatar, who) {
  avatar.classList.remove(...[...avatar.classList].filter((one) => one.startsWith("hue-")));
  avatar.classList.add("avatar", `hue-${hueOf(who)}`);
  avatar.textContent = initialsOf(nameOf(who));
  const address = people[who]?.picture;
  if (address) {
    const image = new Image();
    image.alt = "";
    image.src = address;
    avatar.append(image);
  }
}
