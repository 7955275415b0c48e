/** Editing Markdown: what keys and buttons make of a text and of what is marked in it. Pure. */

/**
 * A text, and what of it is marked; nothing is where both ends are one.
 * @typedef {{text: string, start: number, end: number}} Selection
 */

const FENCE = /^ {0,3}(?<fence>`{3,}|~{3,})(?<rest>.*)$/;
const LINE_START = /^(?<quotes>(?: {0,3}>[ \t]?)*)(?:(?<item>[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+))?/;
const ADDRESS = /^https?:\/\/\S+$/i;
const ADDRESS_START = "https://";

/**
 * Put `mark` around what is marked, or take it away; at a closing mark, step over it.
 * @param {Selection} selection
 * @param {string} mark `**`, say
 * @returns {Selection}
 */
export function toggleMark(selection, mark) {
  const { text, start, end } = withoutBlanks(selection);
  const [before, marked, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  const { length } = mark;
  if (isMark(Math.min(runAtEnd(before, mark[0]), runAtStart(after, mark[0])), mark)) {
    return { text: before.slice(0, -length) + marked + after.slice(length), start: start - length, end: end - length };
  }
  const inner = marked.slice(length, -length);
  if (inner && isMark(Math.min(runAtStart(marked, mark[0]), runAtEnd(marked, mark[0])), mark)) {
    return { text: before + inner + after, start, end: start + inner.length };
  }
  if (start === end && after.startsWith(mark) && (before.split("\n").pop() ?? "").includes(mark)) {
    return { text, start: start + length, end: start + length };
  }
  const made = marked.split(/(\n[ \t]*\n\s*)/).map((part, index) => (index % 2 ? part : mark + part + mark)).join("");
  const isOne = made.length === marked.length + 2 * length;
  return isOne
    ? { text: before + made + after, start: start + length, end: end + length }
    : { text: before + made + after, start, end: start + made.length };
}

/**
 * Code in a line, or a block where lines are marked.
 * @param {Selection} selection
 * @returns {Selection}
 */
export function toggleCode(selection) {
  const marked = selection.text.slice(selection.start, selection.end);
  if (marked.includes("\n")) {
    return makeBlock(selection);
  }
  const longest = longestRun(marked);
  if (longest === 0 || /^`[^`]+`$/.test(marked)) {
    return toggleMark(selection, "`");
  }
  const fence = "`".repeat(longest + 1);
  const made = `${fence} ${marked} ${fence}`;
  return replaced(selection, made, { start: longest + 2, length: marked.length });
}

/**
 * A fenced block on lines of its own.
 * @param {Selection} selection
 * @returns {Selection}
 */
export function makeBlock(selection) {
  const { text, start, end } = selection;
  const marked = text.slice(start, end);
  const fence = "`".repeat(Math.max(3, longestRun(marked) + 1));
  const opening = `${start > 0 && text[start - 1] !== "\n" ? "\n" : ""}${fence}\n`;
  const closing = `\n${fence}${end < text.length && text[end] !== "\n" ? "\n" : ""}`;
  return replaced(selection, opening + marked + closing, { start: opening.length, length: marked.length });
}

/**
 * Begin each line of what is marked with `prefix`, or take it away where all have it.
 * @param {Selection} selection
 * @param {string} prefix `- `, say
 * @returns {Selection}
 */
export function togglePrefix({ text, start, end }, prefix) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", end);
  const to = next < 0 ? text.length : next;
  const lines = text.slice(from, to).split("\n");
  const isOn = lines.every((line) => line.startsWith(prefix));
  const made = lines.map((line) => (isOn ? line.slice(prefix.length) : prefix + line));
  const change = isOn ? -prefix.length : prefix.length;
  return {
    text: text.slice(0, from) + made.join("\n") + text.slice(to),
    start: Math.max(from, start + change),
    end: Math.max(from, end + change * lines.length),
  };
}

/**
 * A link with what is marked as its text, or as its address if it is one; what is missing is marked.
 * @param {Selection} selection
 * @returns {Selection}
 */
export function makeLink(selection) {
  const marked = selection.text.slice(selection.start, selection.end);
  if (ADDRESS.test(marked)) {
    return replaced(selection, `[](${marked})`, { start: 1, length: 0 });
  }
  if (!marked) {
    return replaced(selection, `[](${ADDRESS_START})`, { start: 1, length: 0 });
  }
  const start = marked.length + 3;
  return replaced(selection, `[${marked}](${ADDRESS_START})`, { start, length: ADDRESS_START.length });
}

/**
 * A line break as the text wants it: lists and quotes go on, and end where nothing was said; a fence opens a block.
 * @param {Selection} selection
 * @returns {Selection}
 */
export function breakLine(selection) {
  const { text, start, end } = selection;
  const fence = openFence(text.slice(0, start));
  const line = lineAround(text, start);
  if (start !== end) {
    return replaced(selection, "\n");
  }
  if (!fence) {
    return goOn(selection, line);
  }
  const isOpening = FENCE.exec(line.text)?.groups?.fence === fence && start === line.end;
  if (isOpening && openFence(text)) {
    return replaced(selection, `\n\n${fence}`, { start: 1, length: 0 });
  }
  return replaced(selection, `\n${/^[ \t]*/.exec(line.text)?.[0] ?? ""}`);
}

/** The fence of the block in which the text ends; empty where it is in none. @param {string} text */
export function openFence(text) {
  let open = "";
  for (const line of text.split("\n")) {
    const { fence = "", rest = "" } = FENCE.exec(line)?.groups ?? {};
    if (open && fence.startsWith(open) && !rest.trim()) {
      open = "";
    } else if (!open && fence && !(fence.startsWith("`") && rest.includes("`"))) {
      open = fence;
    }
  }
  return open;
}

/** Whether the text ends within code, where nothing is a name. @param {string} text */
export function endsInCode(text) {
  const line = text.split("\n").pop() ?? "";
  return openFence(text) !== "" || (line.match(/`+/g) ?? []).length % 2 === 1;
}

/**
 * @param {Selection} selection
 * @param {{text: string, start: number, end: number}} line
 */
function goOn(selection, line) {
  const { quotes = "", item = "" } = LINE_START.exec(line.text)?.groups ?? {};
  const length = quotes.length + item.length;
  if (length === 0 || selection.start < line.start + length) {
    return replaced(selection, "\n");
  }
  if (line.text.slice(length).trim()) {
    return replaced(selection, `\n${quotes}${item.replace(/\d+/, (number) => String(Number(number) + 1))}`);
  }
  const kept = item ? quotes : "";
  return replaced({ ...selection, start: line.start, end: line.end }, kept);
}

/** @param {string} text @param {number} place */
function lineAround(text, place) {
  const start = text.lastIndexOf("\n", place - 1) + 1;
  const next = text.indexOf("\n", place);
  const end = next < 0 ? text.length : next;
  return { text: text.slice(start, end), start, end };
}

/**
 * Something else in place of what is marked; then a part of it is marked, or the place behind it.
 * @param {Selection} selection
 * @param {string} made
 * @param {{start: number, length: number}} part
 */
function replaced({ text, start, end }, made, part = { start: made.length, length: 0 }) {
  const place = start + part.start;
  return { text: text.slice(0, start) + made + text.slice(end), start: place, end: place + part.length };
}

/** Marks stand at words: blanks at the ends stay outside (CommonMark 6.2). @param {Selection} selection */
function withoutBlanks({ text, start, end }) {
  const marked = text.slice(start, end);
  if (!marked.trim()) {
    return { text, start, end };
  }
  const ahead = marked.length - marked.trimStart().length;
  const behind = marked.length - marked.trimEnd().length;
  return { text, start: start + ahead, end: end - behind };
}

/** Whether as many of its character are `mark`: `***` is both `**` and `*`. @param {number} run @param {string} mark */
function isMark(run, mark) {
  return mark === "*" ? run % 2 === 1 : run >= mark.length;
}

/** @param {string} text @param {string} letter */
function runAtStart(text, letter) {
  let length = 0;
  while (text[length] === letter) {
    length += 1;
  }
  return length;
}

/** @param {string} text @param {string} letter */
function runAtEnd(text, letter) {
  let length = 0;
  while (text.at(-1 - length) === letter) {
    length += 1;
  }
  return length;
}

/** Of backticks. @param {string} text */
function longestRun(text) {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
