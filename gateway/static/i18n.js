/** The words of the page's language, which the page brings along; English is the key, or the code of a refusal. */

const element = document.getElementById("words");
/** @type {Record<string, string>} */
const words = JSON.parse(element?.textContent || "{}");

/**
 * The words in the reader's language, with `%(name)s` replaced.
 * @param {string} text in English
 * @param {Record<string, string | number>} values
 */
export function t(text, values = {}) {
  return (words[text] ?? text).replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * Why something was refused, in the reader's language where there are words for it; undefined where there are none.
 * @param {{code?: string, detail?: string, retry_after_s?: number}} refusal as a service said it
 */
export function why({ code = "", detail, retry_after_s = 0 }) {
  return code in words ? t(code, { seconds: retry_after_s }) : detail;
}

/** @param {unknown} error what was thrown */
export function messageOf(error) {
  return error instanceof Error ? error.message : "";
}

export const language = document.documentElement.lang || "en";
