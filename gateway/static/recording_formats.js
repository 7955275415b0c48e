/** Whether this browser records sound, and as what. */

/** What browsers record, the best first, and how such files end. */
const FORMATS = [
  { type: "audio/webm;codecs=opus", ending: "webm" },
  { type: "audio/mp4", ending: "m4a" },
  { type: "audio/ogg;codecs=opus", ending: "ogg" },
];

/** Plain http and old browsers have no microphone for pages. */
export function canRecord() {
  return Boolean(navigator.mediaDevices?.getUserMedia) && "MediaRecorder" in window && format() !== undefined;
}

export function format() {
  return FORMATS.find(({ type }) => MediaRecorder.isTypeSupported(type));
}
