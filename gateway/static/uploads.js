/** Uploads: pictures on their way to the media service, with their progress. */

import { t, why } from "./words.js";

const PATH = "/api/user/upload-files";

/**
 * Send files of one request; fetch cannot tell how far it is, XMLHttpRequest can.
 * @param {File[]} files
 * @param {(part: number) => void} onProgress 0 to 1
 * @returns {Promise<object[]>} what the service says of each; rejects with words for people
 */
export function upload(files, onProgress) {
  const form = new FormData();
  files.forEach((file) => form.append("files", file, file.name || "picture"));
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 200 && body?.files) {
        resolve(body.files);
      } else {
        reject(new Error(why(body ?? {}) ?? t("The upload did not work.")));
      }
    };
    request.onerror = request.onabort = () => reject(new Error(t("The upload did not work. Are you offline?")));
    request.open("POST", PATH);
    request.responseType = "text";
    request.send(form);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
