/** Waveforms: how loud a sound is along its length, as bars. */

const BARS = 60;
const WIDTH = 240;
const HEIGHT = 28;
const DECODED_HZ = 8_000; // loudness needs no more, and memory grows with it

/**
 * How long the sound is, and the loudest of each part of it, 0 to 1 against the loudest of all.
 * @param {ArrayBuffer} encoded which is not usable afterwards
 * @returns {Promise<{seconds: number, loudness: number[]}>} rejects where the browser cannot decode it
 */
export async function listenTo(encoded) {
  const sound = await new OfflineAudioContext(1, 1, DECODED_HZ).decodeAudioData(encoded);
  const samples = sound.getChannelData(0);
  const length = Math.max(1, samples.length / BARS);
  const peaks = Array.from({ length: BARS }, (_, index) =>
    samples.subarray(Math.floor(index * length), Math.floor((index + 1) * length)).reduce(louder, 0),
  );
  return { seconds: sound.duration, loudness: normal(peaks) };
}

/** @param {number} peak @param {number} sample */
function louder(peak, sample) {
  return Math.max(peak, Math.abs(sample));
}

/** @param {number[]} peaks */
function normal(peaks) {
  const loudest = Math.max(...peaks);
  return loudest > 0 ? peaks.map((peak) => peak / loudest) : peaks;
}

/**
 * What was heard while it was recorded, as many bars as a waveform has.
 * @param {number[]} levels
 */
export function condensed(levels) {
  const length = levels.length / BARS;
  const bars = Array.from({ length: BARS }, (_, index) => {
    const first = Math.floor(index * length);
    return Math.max(0, ...levels.slice(first, Math.max(first + 1, Math.floor((index + 1) * length))));
  });
  return normal(bars);
}

/**
 * The path of an SVG of 240 x 28: bars from the left, as many as there are places for the longest waveform.
 * @param {number[]} loudness
 */
export function barsPath(loudness) {
  const step = WIDTH / BARS;
  return loudness
    .map((loud, index) => {
      const half = Math.max(1, (loud * (HEIGHT - 4)) / 2);
      return `M${step * (index + 0.5)} ${(HEIGHT / 2 - half).toFixed(1)}v${(half * 2).toFixed(1)}`;
    })
    .join("");
}

/** A line, where nothing is known of the sound, from its beginning to that part of it. @param {number} part 0 to 1 */
export function linePath(part) {
  return part > 0 ? `M2 ${HEIGHT / 2}h${((WIDTH - 4) * part).toFixed(1)}` : "";
}

/** The last levels, the newest at the right. @param {number[]} levels each 0 to 1 */
export function recentBars(levels) {
  const recent = levels.slice(-BARS);
  return [...Array(BARS - recent.length).fill(0), ...recent];
}
