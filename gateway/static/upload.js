/** An upload: a picture on its way to the media service, with its progress. */

import { t, why } from "./i18n.js";

const PATH = "/api/user/upload-files";

/**
 * Send a file in a request of its own; fetch cannot tell how far it is, XMLHttpRequest can.
 * @param {File} file
 * @param {(part: number) => void} onProgress 0 to 1
 * @returns {Promise<Api.Attachment>} what the service says of it; rejects with words for people
 */
export function upload(file, onProgress) {
  const form = new FormData();
  form.append("files", file, file.name || "picture");
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 200 && body?.files) {
        resolve(body.files[0]);
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

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
