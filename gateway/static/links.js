/** Links in what people write: found as the server finds them, and made of nodes, never of markup. */

const ADDRESS = /(?<![\p{L}\p{N}_/])https?:\/\/[^\s<>"\\^`{|}\0-\x20\u202a-\u202e\u2066-\u2069]{1,2000}/giu;
const CLOSING = [
  [")", "("],
  ["]", "["],
];
const TRAILING = ".,:;!?'*_~\u2026\u201c\u201d\u2019\u00bb";

/** `text` as text nodes and links, which say, joined, exactly the text. @param {string} text */
export function linked(text) {
  /** @type {(Text | HTMLAnchorElement)[]} */
  const nodes = [];
  let place = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTrailing(match[0]);
    if (hasHost(address)) {
      nodes.push(new Text(text.slice(place, match.index)), linkTo(address));
      place = match.index + address.length;
    }
  }
  nodes.push(new Text(text.slice(place)));
  return nodes.filter((node) => node.textContent !== "");
}

/** @param {string} address */
function linkTo(address) {
  const link = document.createElement("a");
  link.href = address;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  link.textContent = address;
  return link;
}

/** Without the full stop, or the bracket, that belongs to the sentence around it. @param {string} address */
function withoutTrailing(address) {
  const unopened = new Map();
  for (const [closing, opening] of CLOSING) {
    unopened.set(closing, count(address, closing) - count(address, opening));
  }
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    const surplus = unopened.get(last) ?? 0;
    if (surplus > 0) {
      unopened.set(last, surplus - 1);
    } else if (!TRAILING.includes(last)) {
      break;
    }
  }
  return address.slice(0, end);
}

/** @param {string} address */
function hasHost(address) {
  const host = address.split("://")[1]?.split("/")[0] ?? "";
  return /^[\p{L}\p{N}]/u.test(host) && !host.includes("@");
}

/** @param {string} text @param {string} letter */
function count(text, letter) {
  return text.split(letter).length - 1;
}
