/** Style sheets of what few pages show: each comes with the first that needs it. */

/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/**
 * Resolves when it is there, or cannot be had: then what it is for looks plain, and works.
 * @param {URL} url
 * @returns {Promise<void>}
 */
export function loadStyle(url) {
  const known = loaded.get(url.href);
  if (known) {
    return known;
  }
  const link = document.createElement("link");
  link.rel = "stylesheet";
  const loading = new Promise((resolve) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => {
      loaded.delete(url.href);
      link.remove();
      resolve(undefined);
    });
  });
  link.href = url.href;
  document.head.append(link);
  loaded.set(url.href, loading);
  return loading;
}
