/** Labels: `@grace` is the conversation with Grace, `#lobby` the one of that room. */

/** @param {Api.Label} label */
export function isRoom(label) {
  return label.startsWith("#");
}

/** @param {Api.Label} label */
export function nameIn(label) {
  return label.slice(1);
}

/** What a command says of the conversation that it is for. @param {Api.Label} label */
export function targetOf(label) {
  return isRoom(label) ? { room: nameIn(label) } : { to: nameIn(label) };
}

/** The page of the conversation. @param {Api.Label} label */
export function pagePathOf(label) {
  return `${isRoom(label) ? "/rooms" : "/chat"}/${encodeURIComponent(nameIn(label))}`;
}

/** Where its messages are. @param {Api.Label} label */
export function messagesPathOf(label) {
  const name = encodeURIComponent(nameIn(label));
  return isRoom(label) ? `/api/rooms/${name}/messages` : `/api/messages/${name}`;
}

/** Where its pins are. @param {Api.Label} label */
export function pinsPathOf(label) {
  return isRoom(label) ? `/api/rooms/${encodeURIComponent(nameIn(label))}/pins` : `${messagesPathOf(label)}/pins`;
}

/** Where the service has what the reader keeps of it for themselves. @param {Api.Label} label */
export function ownPathOf(label) {
  return `/api/conversations/${encodeURIComponent(label)}`;
}
