/**
 * BlurHash: a picture in some thirty characters, as cosines of few frequencies.
 * After the description of the algorithm at https://blurha.sh and
 * https://github.com/woltapp/blurhash/blob/master/Algorithm.md.
 */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/** @param {string} text */
function decode83(text) {
  return [...text].reduce((value, digit) => value * 83 + DIGITS.indexOf(digit), 0);
}

/** A byte of sRGB as linear light. @param {number} value */
function linearOf(value) {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/** @param {number} linear */
function byteOf(linear) {
  const part = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055));
}

/**
 * The average colour comes first, linear red, green and blue; then the factors of the cosines, row by row.
 * @param {string} hash
 * @param {number} count
 */
function factorsOf(hash, count) {
  const average = decode83(hash.slice(2, 6));
  const maximum = (decode83(hash[1]) + 1) / 166;
  /** @param {number} digit */
  const signedSquare = (digit) => Math.sign(digit - 9) * ((digit - 9) / 9) ** 2 * maximum;
  const factors = [[linearOf(average >> 16), linearOf((average >> 8) & 255), linearOf(average & 255)]];
  for (let index = 1; index < count; index += 1) {
    const value = decode83(hash.slice(4 + index * 2, 6 + index * 2));
    factors.push([Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19].map(signedSquare));
  }
  return factors;
}

/**
 * The pixels of a placeholder, RGBA, row by row; null if the text is no BlurHash.
 * @param {string} hash
 * @param {number} width in pixels
 * @param {number} height in pixels
 */
export function decodeBlurHash(hash, width, height) {
  const size = decode83(hash[0] ?? "");
  const columns = (size % 9) + 1;
  const rows = Math.floor(size / 9) + 1;
  if (size < 0 || hash.length !== 4 + 2 * columns * rows || [...hash].some((digit) => !DIGITS.includes(digit))) {
    return null;
  }
  const factors = factorsOf(hash, columns * rows);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = [0, 0, 0];
      factors.forEach((factor, index) => {
        const column = Math.cos((Math.PI * x * (index % columns)) / width);
        const wave = column * Math.cos((Math.PI * y * Math.floor(index / columns)) / height);
        factor.forEach((part, channel) => (colour[channel] += part * wave));
      });
      pixels.set([...colour.map(byteOf), 255], (y * width + x) * 4);
    }
  }
  return pixels;
}

const SIDE = 32;

/** Draw the placeholder; whether there is one. @param {HTMLCanvasElement} canvas @param {string} hash */
export function drawPlaceholder(canvas, hash) {
  const pixels = decodeBlurHash(hash, SIDE, SIDE);
  if (pixels === null) {
    return false;
  }
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, SIDE, SIDE), 0, 0);
  return true;
}
