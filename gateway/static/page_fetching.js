/** Pages that are fetched beside the one that is shown, for what has changed on them. */

/**
 * What a page says once is left for the reader. Rejects where there is no answer.
 * @param {string} path
 * @returns {Promise<{ok: boolean, status: number, page: Document}>}
 */
export async function fetchInBackground(path) {
  const answer = await fetch(path, { cache: "no-store", headers: { "X-Background": "1" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { ok: answer.ok, status: answer.status, page };
}
