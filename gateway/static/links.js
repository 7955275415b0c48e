/** Links in what people write: found as the server finds them, and made of nodes, never of markup. */

const ADDRESS = /(?<![\p{L}\p{N}_/])https?:\/\/[^\s<>"\\^`{|}\0-\x20\u202a-\u202e\u2066-\u2069]{1,2000}/giu;
const CLOSING = [
  [")", "("],
  ["]", "["],
];
const TRAILING = ".,:;!?'*_~\u2026\u201c\u201d\u2019\u00bb";

/** `text` as text nodes and links. @returns {Node[]} which say, joined, exactly the text */
export function linked(text) {
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

function linkTo(address) {
  const link = document.createElement("a");
  link.href = address;
  link.rel = "noopener noreferrer nofollow";
  link.target = "_blank";
  link.textContent = address;
  return link;
}

/** Without the full stop, or the bracket, that belongs to the sentence around it. */
function withoutTrailing(address) {
  const unopened = new Map();
  for (const [closing, opening] of CLOSING) {
    unopened.set(closing, count(address, closing) - count(address, opening));
  }
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    if (unopened.get(last) > 0) {
      unopened.set(last, unopened.get(last) - 1);
    } else if (!TRAILING.includes(last)) {
      break;
    }
  }
  return address.slice(0, end);
}

function hasHost(address) {
  const host = address.split("://")[1]?.split("/")[0] ?? "";
  return /^[\p{L}\p{N}]/u.test(host) && !host.includes("@");
}

function count(text, letter) {
  return text.split(letter).length - 1;
}
