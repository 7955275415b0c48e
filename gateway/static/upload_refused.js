/** Why a file was not taken. */

import { t, why } from "./i18n.js";

const PASSING_STATUSES = new Set([0, 404, 408, 409, 410, 429]);
const PASSING_CODES = new Set(["quota_exceeded"]);

export class UploadRefused extends Error {
  /** @param {string} words for people @param {{isPassing: boolean}} how `isPassing`: another try may work */
  constructor(words, { isPassing }) {
    super(words);
    this.isPassing = isPassing;
  }

  /** @param {import("./progress_request.js").Answer} answer */
  static of({ status, body }) {
    const isPassing = status >= 500 || PASSING_STATUSES.has(status) || PASSING_CODES.has(body?.code);
    return new UploadRefused(why(body ?? {}) ?? t("The upload did not work."), { isPassing });
  }
}
