/** Files as messages show them: made from the page's templates, so that the markup has one home. */

import { all, required } from "./dom.js";
import { clockTime, nameParts, plainName, sizeText } from "./file_names.js";

const SHOWN_WIDTH_PX_MAX = 448; // as the server shows them
const SHOWN_HEIGHT_PX_MAX = 352;
const UNKNOWN_SIZE = { width: 448, height: 252 };
const THUMBNAIL_SIDE_PX = 320;
const TILES_MAX = 12;
const SHORT_TEXT_BYTES = 240;
/** An unsent message may have been kept since there were only pictures. */
const BEFORE_KINDS = { kind: /** @type {const} */ ("picture"), duration_s: null };

/** All files of a message: pictures first, in a gallery, then the others. @param {Api.Attachment[]} files */
export function fileNodes(files) {
  const known = files.map((file) => ({ ...BEFORE_KINDS, ...file }));
  const pictures = known.filter((file) => shownAs(file) === "picture");
  const others = known.filter((file) => shownAs(file) !== "picture");
  return [...(pictures.length ? [gallery(pictures)] : []), ...others.map(fileNode)];
}

/** @param {Api.Attachment} file @returns {Api.FileKind} */
function shownAs({ kind, thumbnail_url }) {
  if (kind === "picture") {
    return thumbnail_url ? "picture" : "document";
  }
  return kind === "audio" || kind === "video" ? kind : "document";
}

/** @param {Api.FileKind} kind */
function blank(kind) {
  const { content } = required(document, "#file-templates", HTMLTemplateElement);
  return /** @type {HTMLElement} */ (required(content, `[data-kind="${kind}"]`).cloneNode(true));
}

/** @param {Api.Attachment[]} pictures */
function gallery(pictures) {
  const made = document.createElement("div");
  made.className = "gallery";
  made.dataset.count = pictures.length < 5 ? String(pictures.length) : "many";
  made.append(...pictures.map((file) => picture(file, pictures.length === 1)));
  if (pictures.length > TILES_MAX) {
    all(made, "a")[TILES_MAX - 1].dataset.more = `+${pictures.length - TILES_MAX}`;
  }
  return made;
}

/** @param {Api.Attachment} file @param {boolean} isAlone */
function picture(file, isAlone) {
  const link = blank("picture");
  link.setAttribute("href", file.url);
  link.dataset.name = file.filename;
  link.dataset.placeholder = file.placeholder ?? "";
  link.dataset.width = String(file.width ?? "");
  link.dataset.height = String(file.height ?? "");
  const image = required(link, "img", HTMLImageElement);
  const { width, height } = keepPlace(image, file);
  image.alt = file.filename || image.alt;
  const isLarge = isAlone && Math.max(width, height) > THUMBNAIL_SIDE_PX;
  image.src = `${file.thumbnail_url}${isLarge ? "?size=1024" : ""}`;
  return link;
}

/** As large as it will be. @param {HTMLImageElement | HTMLVideoElement} element @param {Api.Attachment} file */
function keepPlace(element, file) {
  const { width, height } =
    file.width && file.height ? { width: file.width, height: file.height } : UNKNOWN_SIZE;
  const part = Math.min(1, SHOWN_WIDTH_PX_MAX / width, SHOWN_HEIGHT_PX_MAX / height);
  element.width = Math.max(1, Math.round(width * part));
  element.height = Math.max(1, Math.round(height * part));
  return element;
}

/** Video, audio, or anything else. @param {Api.Attachment} file */
export function fileNode(file) {
  const kind = shownAs(file);
  const node = blank(kind);
  node.dataset.name = file.filename;
  showName(node, file);
  if (kind === "video") {
    showVideo(node, file);
  } else if (kind === "audio") {
    showAudio(node, file);
  } else {
    showDocument(node, file);
  }
  return node;
}

/** @param {HTMLElement} node @param {Api.Attachment} file */
function showName(node, file) {
  const name = required(node, ".name", HTMLAnchorElement);
  name.replaceChildren(...nameParts(file));
  name.title = file.filename;
  const length = file.kind === "video" && file.duration_s !== null ? `${clockTime(file.duration_s)} · ` : "";
  required(node, ".meta").textContent = length + sizeText(file.size);
  for (const link of all(node, "a", HTMLAnchorElement)) {
    link.href = file.url;
    link.download = file.filename;
  }
}

/** @param {HTMLElement} node @param {Api.Attachment} file */
function showVideo(node, file) {
  const video = required(node, "video", HTMLVideoElement);
  keepPlace(video, file);
  video.ariaLabel = file.filename || video.ariaLabel;
  if (file.thumbnail_url) {
    video.poster = `${file.thumbnail_url}?size=1024`;
  }
  video.src = file.url;
}

/** @param {HTMLElement} node @param {Api.Attachment} file */
function showAudio(node, file) {
  node.ariaLabel = plainName(file);
  node.dataset.size = String(file.size);
  if (file.duration_s !== null) {
    node.dataset.duration = String(Math.round(file.duration_s * 1_000) / 1_000);
    required(node, ".time").textContent = clockTime(file.duration_s);
    required(node, ".wave").ariaValueMax = String(Math.round(file.duration_s));
  }
  required(node, "audio", HTMLAudioElement).src = file.url;
}

/** @param {HTMLElement} node @param {Api.Attachment} file */
function showDocument(node, file) {
  if (file.thumbnail_url) {
    required(node, "img", HTMLImageElement).src = file.thumbnail_url;
  }
  required(node, file.thumbnail_url ? ".tile" : ".leaf").remove();
  required(node, '[data-icon="download"] .hidden-text span').textContent = plainName(file);
  const peek = required(node, ".peek");
  if (file.content_type.split(";")[0].trim() !== "text/plain") {
    peek.remove();
    return;
  }
  const name = required(node, ".name", HTMLAnchorElement);
  name.removeAttribute("download");
  name.target = "_blank";
  node.dataset.text = file.url;
  peek.toggleAttribute("data-short", file.size < SHORT_TEXT_BYTES);
}
