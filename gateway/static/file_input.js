/** Files for the composer: chosen, pasted, or dropped anywhere on the page. */

import { showComposerError } from "./composer_error.js";
import { optional } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {object} parts
 * @param {HTMLFormElement} parts.form
 * @param {HTMLTextAreaElement} parts.area gets the focus back
 * @param {(files: File[]) => void} parts.onFiles
 */
export function wireFiles({ form, area, onFiles }) {
  const input = optional(form, '[name="files"]', HTMLInputElement);
  input?.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.value = "";
    area.focus();
  });
  area.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // A table brings a picture of itself; of files, some systems give the names as text.
    if (files.length > 0 && !isText(event.clipboardData?.getData("text/plain") ?? "", files)) {
      event.preventDefault();
      onFiles(files);
    }
  });
  wireDropping((files) => {
    onFiles(files);
    area.focus();
  });
}

/** Whether it says more than the names of the files. @param {string} text @param {File[]} files */
function isText(text, files) {
  const names = new Set(files.map(({ name }) => name));
  return text.split("\n").some((line) => line.trim() !== "" && !names.has(line.trim().split("/").pop() ?? ""));
}

/** @param {(files: File[]) => void} onFiles */
function wireDropping(onFiles) {
  const { body } = document;
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
      body.classList.add("dragging");
    }
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? body.classList.remove("dragging"));
  addEventListener("drop", (event) => {
    body.classList.remove("dragging");
    if (hasFiles(event)) {
      event.preventDefault();
      onFiles(filesOf(event.dataTransfer));
    }
  });
}

/** A folder is among them as a file that cannot be read. @param {DataTransfer | null} dropped */
function filesOf(dropped) {
  const items = [...(dropped?.items ?? [])].filter((item) => item.kind === "file");
  const single = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory);
  if (single.length < items.length) {
    showComposerError(t("Folders cannot be sent. Choose the files in it."));
  }
  return single.map((item) => item.getAsFile()).filter((file) => file !== null);
}
