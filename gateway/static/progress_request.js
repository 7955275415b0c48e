/** A request that tells how much of it is sent: fetch cannot, XMLHttpRequest can. */

/**
 * @typedef {object} Answer
 * @property {number} status 0: none came
 * @property {(name: string) => string | null} header
 * @property {any} body of JSON; null where it is none
 */

/**
 * Resolves also where no answer came; rejects with the signal's reason alone.
 * @param {string} method
 * @param {string} path
 * @param {object} [parts]
 * @param {Record<string, string>} [parts.headers]
 * @param {Blob | FormData | null} [parts.body]
 * @param {AbortSignal} [parts.signal]
 * @param {(bytes: number) => void} [parts.onSent] how many of the body
 * @returns {Promise<Answer>}
 */
export function send(method, path, { headers = {}, body = null, signal, onSent = () => {} } = {}) {
  const request = new XMLHttpRequest();
  const abort = () => request.abort();
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onloadend = () => {
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) {
        reject(signal.reason);
      } else {
        resolve({ status: request.status, header: (name) => request.getResponseHeader(name), body: bodyOf(request) });
      }
    };
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) {
      request.setRequestHeader(name, value);
    }
    request.send(body);
  });
}

/** @param {XMLHttpRequest} request */
function bodyOf({ responseText }) {
  try {
    return JSON.parse(responseText);
  } catch {
    return null;
  }
}
