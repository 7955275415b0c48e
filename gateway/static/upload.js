/** An upload: a file on its way to the media service, at once or in pieces. */

import { t } from "./i18n.js";
import { send } from "./progress_request.js";
import { PiecewiseUpload } from "./piecewise_upload.js";
import { UploadRefused } from "./upload_refused.js";

const PATH = "/api/user/upload-files";
/** From here on it is worth not beginning again when the connection breaks. */
const WHOLE_BYTES_MAX = 5_000_000;

/**
 * @param {File} file
 * @param {object} parts
 * @param {AbortSignal} parts.signal what was sent so far is taken back
 * @param {(bytes: number) => void} parts.onSent
 * @returns {Promise<Api.UploadedFile>} rejects with UploadRefused, or with the signal's reason
 */
export function upload(file, { signal, onSent }) {
  return file.size < WHOLE_BYTES_MAX
    ? uploadWhole(file, { signal, onSent })
    : new PiecewiseUpload(file, { signal, onSent }).run();
}

/** @param {File} file @param {{signal: AbortSignal, onSent: (bytes: number) => void}} parts */
async function uploadWhole(file, { signal, onSent }) {
  const body = new FormData();
  body.append("files", file, file.name || "file");
  const answer = await send("POST", PATH, { body, signal, onSent });
  if (answer.status === 200 && answer.body?.files) {
    return answer.body.files[0];
  }
  if (answer.status === 0) {
    throw new UploadRefused(t("The upload did not work. Are you offline?"), { isPassing: true });
  }
  throw UploadRefused.of(answer);
}
