// A grey PNG, written here: `toBlob` waits for the browser to be idle, which it is not while somebody draws. The pixels
// are stored as they are, since nothing has to travel far.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
// The most bytes of a stored block of deflate.
const LARGEST_BLOCK = 65535;
const ADLER_PRIME = 65521;
// So many sums of bytes stay below 2³² before they must be reduced.
const ADLER_RUN = 5552;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

// Of an ImageData whose red is taken for its grey.
export function greyPng({ width, height, data }) {
  const rows = new Uint8Array((width + 1) * height);
  for (let row = 0, to = 0, from = 0; row < height; row += 1) {
    to += 1;
    for (let column = 0; column < width; column += 1, from += 4, to += 1) rows[to] = data[from];
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", stored(rows)), chunk("IEND", new Uint8Array(0))];
  return new Blob(parts, { type: "image/png" });
}

function chunk(name, bytes) {
  const whole = new Uint8Array(bytes.length + 12);
  const view = new DataView(whole.buffer);
  view.setUint32(0, bytes.length);
  for (let place = 0; place < 4; place += 1) whole[4 + place] = name.charCodeAt(place);
  whole.set(bytes, 8);
  view.setUint32(bytes.length + 8, crc(whole.subarray(4, bytes.length + 8)));
  return whole;
}

// A zlib stream of blocks that are not compressed.
function stored(bytes) {
  const blocks = Math.max(1, Math.ceil(bytes.length / LARGEST_BLOCK));
  const whole = new Uint8Array(2 + 5 * blocks + bytes.length + 4);
  const view = new DataView(whole.buffer);
  whole.set([0x78, 0x01]);
  let at = 2;
  for (let block = 0; block < blocks; block += 1) {
    const part = bytes.subarray(block * LARGEST_BLOCK, (block + 1) * LARGEST_BLOCK);
    whole[at] = block === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, ~part.length & 0xffff, true);
    whole.set(part, at + 5);
    at += 5 + part.length;
  }
  view.setUint32(at, adler(bytes));
  return whole;
}

function crc(bytes) {
  let value = 0xffffffff;
  for (let place = 0; place < bytes.length; place += 1) value = CRC_TABLE[(value ^ bytes[place]) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function adler(bytes) {
  let [low, high] = [1, 0];
  for (let start = 0; start < bytes.length; start += ADLER_RUN) {
    const end = Math.min(start + ADLER_RUN, bytes.length);
    for (let place = start; place < end; place += 1) {
      low += bytes[place];
      high += low;
    }
    low %= ADLER_PRIME;
    high %= ADLER_PRIME;
  }
  return high * 65536 + low;
}
