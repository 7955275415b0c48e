/** The names that are completed in the composer. */

import { tokenAt } from "./completion.js";
import { CompletionBox } from "./completion_box.js";
import { CompletionSources } from "./completion_sources.js";

/**
 * @param {object} parts
 * @param {HTMLFormElement} parts.form
 * @param {HTMLTextAreaElement} parts.area
 * @param {import("./text_field.js").TextField} parts.field
 * @param {Api.Label} parts.conversation
 */
export function completeNames({ conversation, ...parts }) {
  return new CompletionBox({ ...parts, sources: new CompletionSources(conversation), tokenAt });
}
