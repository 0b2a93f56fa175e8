// Colours of pixels, as in the runs' reports: ink on paper, and signed values blue above zero, orange below.

const dark = matchMedia("(prefers-color-scheme: dark)");

// On dark paper the same hues grow light, not the other way round.
const LIGHT = { zero: [255, 255, 255], above: [8, 48, 107], below: [166, 54, 3], paper: [255, 255, 255], ink: [0, 0, 0] };
const DARK = { zero: [24, 25, 28], above: [150, 200, 255], below: [255, 152, 84], paper: [20, 20, 22], ink: [240, 236, 228] };

const tables = new Map();

export function whenColoursChange(listener) {
  dark.addEventListener("change", listener);
}

// The colour of each byte of a signed picture, 128 being zero: a pixel of an ImageData in one number.
export function signedColours() {
  return table("signed", ({ zero, above, below }, byte) => {
    const share = Math.min(1, Math.max(-1, (byte - 128) / 127));
    // Strong shades early, so that small values are seen at all.
    return between(zero, share < 0 ? below : above, Math.abs(share) ** 0.75);
  });
}

// The colour of each byte of a digit, 255 being full ink.
export function inkColours() {
  return table("ink", ({ paper, ink }, byte) => between(paper, ink, byte / 255));
}

function table(name, colour) {
  const key = `${name} ${dark.matches}`;
  if (!tables.has(key)) {
    const bytes = new Uint8ClampedArray(4 * 256);
    for (let byte = 0; byte < 256; byte += 1) bytes.set([...colour(dark.matches ? DARK : LIGHT, byte), 255], 4 * byte);
    tables.set(key, new Uint32Array(bytes.buffer));
  }
  return tables.get(key);
}

function between(from, to, share) {
  return from.map((start, k) => Math.round(start + share * (to[k] - start)));
}

// Bytes as pixels of these colours, `width` in a row.
export function pixels(bytes, width, colours) {
  const image = new ImageData(width, bytes.length / width);
  const words = new Uint32Array(image.data.buffer);
  for (let place = 0; place < bytes.length; place += 1) words[place] = colours[bytes[place]];
  return image;
}

export function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  return Uint8Array.from(atob(base64), (mark) => mark.charCodeAt(0));
}

// A digit of 28×28 onto a canvas of that size.
export function drawDigit(canvas, base64) {
  canvas.getContext("2d").putImageData(pixels(bytesOf(base64), 28, inkColours()), 0, 0);
}
