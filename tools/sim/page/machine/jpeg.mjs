// A JPEG encoder (ITU T.81, baseline, 4:2:0) for RGB565 pictures, as the camera's module has one.
// Browsers encode only in the background; the firmware waits for its encoder.

// Places of the coefficients, row after row, in the order in which they are written.
const ZIGZAG = [];
for (let sum = 0; sum < 15; sum++)
  for (let i = 0; i <= sum; i++) {
    const [row, column] = sum % 2 ? [i, sum - i] : [sum - i, i];
    if (row < 8 && column < 8) ZIGZAG.push(8 * row + column);
  }

const PLACE = new Uint8Array(64);
ZIGZAG.forEach((at, k) => (PLACE[at] = k));

// T.81 annex K: quantisation at quality 50, in rows; then the typical Huffman tables.
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14,
  17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49,
  64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE = LUMINANCE.map(() => 99);
[17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99].forEach((value, i) => {
  CHROMINANCE[(i >> 2) * 8 + (i & 3)] = value;
});

const DC_VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const hex = (text) => text.match(/../g).map((two) => parseInt(two, 16));
const TABLES = {
  dcY: [[0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], DC_VALUES],
  dcC: [[0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], DC_VALUES],
  acY: [
    [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
    hex(
      "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a" +
        "3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a9293" +
        "9495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6" +
        "e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
    ),
  ],
  acC: [
    [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119],
    hex(
      "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728" +
        "292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a" +
        "92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5" +
        "e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
    ),
  ],
};

/** Return [code, length] by value, as two arrays. */
function codes([counts, values]) {
  const code = new Uint16Array(256);
  const length = new Uint8Array(256);
  let next = 0;
  let k = 0;
  counts.forEach((count, bits) => {
    for (let i = 0; i < count; i++, k++) {
      code[values[k]] = next++;
      length[values[k]] = bits + 1;
    }
    next <<= 1;
  });
  return { code, length };
}

const HUFFMAN = Object.fromEntries(Object.entries(TABLES).map(([name, table]) => [name, codes(table)]));

// What Arai, Agui and Nakajima's transform leaves too large, by frequency.
const TOO_LARGE = Array.from({ length: 8 }, (_, u) => (u ? Math.SQRT2 * Math.cos((u * Math.PI) / 16) : 1));
const [C2, C4, C6] = [2, 4, 6].map((n) => Math.cos((n * Math.PI) / 16));

/** The scaled cosine transform of 8 numbers from `i` on, into `to` from `o` on in steps of 8. */
function transform8(from, i, to, o) {
  const a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3]; // prettier-ignore
  const e = from[i + 4], f = from[i + 5], g = from[i + 6], h = from[i + 7]; // prettier-ignore
  const outer = a + h + d + e, inner = b + g + c + f; // prettier-ignore
  const across = a + h - d - e;
  const turned = (b + g - c - f + across) * C4;
  to[o] = outer + inner;
  to[o + 16] = across + turned;
  to[o + 32] = outer - inner;
  to[o + 48] = across - turned;
  const low = d - e + c - f, middle = (c - f + b - g) * C4, high = b - g + a - h; // prettier-ignore
  const shared = (low - high) * C6;
  const lows = low * (C2 - C6) + shared, highs = high * (C2 + C6) + shared; // prettier-ignore
  const more = a - h + middle, less = a - h - middle; // prettier-ignore
  to[o + 8] = more + highs;
  to[o + 24] = less - lows;
  to[o + 40] = less + lows;
  to[o + 56] = more - highs;
}

/** Encodes pictures of one size and quality; keeps its tables and its memory. */
export class JPEGEncoder {
  constructor(width, height, quality) {
    Object.assign(this, { width, height, quality });
    const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    const scaled = (table) =>
      table.map((value) => Math.min(255, Math.max(1, Math.floor((value * percent + 50) / 100))));
    this.quant = [scaled(LUMINANCE), scaled(CHROMINANCE)];
    this.divide = this.quant.map((table) =>
      Float32Array.from(table, (value, i) => 1 / (8 * value * TOO_LARGE[i >> 3] * TOO_LARGE[i & 7])),
    );
    this.planes = [0, 1, 2].map((i) => new Float32Array((width * height) >> (i ? 2 : 0)));
    this.rows = new Float32Array(64);
    this.turned = new Float32Array(64);
    this.block = new Int32Array(64);
    this.out = new Uint8Array(width * height * 2);
    this.headBytes = this.head();
  }

  head() {
    this.at = 0;
    const { width, height } = this;
    const put = (...data) => data.flat().forEach((byte) => (this.out[this.at++] = byte));
    const segment = (marker, data) => put(0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, data);
    put(0xff, 0xd8);
    segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
    this.quant.forEach((table, i) => segment(0xdb, [i, ...ZIGZAG.map((at) => table[at])]));
    segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    [TABLES.dcY, TABLES.acY, TABLES.dcC, TABLES.acC].forEach(([counts, values], i) =>
      segment(0xc4, [[0, 0x10, 1, 0x11][i], ...counts, ...values]),
    );
    segment(0xda, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
    return this.at;
  }

  /** Return the JPEG of RGB565 pixels, high byte first; the bytes are used again. */
  encode(pixels) {
    this.split(pixels);
    this.at = this.headBytes;
    this.bits = this.count = 0;
    const last = [0, 0, 0];
    const { width, height } = this;
    const [luma, blue, red] = this.planes;
    for (let y = 0; y < height; y += 16)
      for (let x = 0; x < width; x += 16) {
        for (const at of [0, 8, 8 * width, 8 * width + 8])
          last[0] = this.put(luma, y * width + x + at, width, 0, HUFFMAN.dcY, HUFFMAN.acY, last[0]);
        const at = (y >> 1) * (width >> 1) + (x >> 1);
        last[1] = this.put(blue, at, width >> 1, 1, HUFFMAN.dcC, HUFFMAN.acC, last[1]);
        last[2] = this.put(red, at, width >> 1, 1, HUFFMAN.dcC, HUFFMAN.acC, last[2]);
      }
    this.write(0x7f, 7);
    this.out[this.at++] = 0xff;
    this.out[this.at++] = 0xd9;
    return this.out.subarray(0, this.at);
  }

  // JFIF's luminance and colour differences, these at half the size: two by two pixels at a time.
  split(pixels) {
    const [luma, blue, red] = this.planes;
    const { width, height } = this;
    for (let y = 0, half = 0; y < height; y += 2)
      for (let x = 0; x < width; x += 2, half++) {
        let r = 0, g = 0, b = 0; // prettier-ignore
        for (let corner = 0; corner < 4; corner++) {
          const i = (y + (corner >> 1)) * width + x + (corner & 1);
          const high = pixels[2 * i], low = pixels[2 * i + 1]; // prettier-ignore
          const r1 = (high >> 3) * 8.226, g1 = (((high & 7) << 3) | (low >> 5)) * 4.048, b1 = (low & 31) * 8.226; // prettier-ignore
          luma[i] = 0.299 * r1 + 0.587 * g1 + 0.114 * b1 - 128;
          r += r1;
          g += g1;
          b += b1;
        }
        blue[half] = (-0.1687 * r - 0.3313 * g + 0.5 * b) / 4;
        red[half] = (0.5 * r - 0.4187 * g - 0.0813 * b) / 4;
      }
  }

  put(plane, at, stride, table, dc, ac, last) {
    this.transform(plane, at, stride, this.divide[table]);
    const { block } = this;
    this.value(dc, 0, block[0] - last);
    let end = 63;
    while (end && !block[end]) end--;
    for (let k = 1, zeros = 0; k <= end; k++) {
      const value = block[k];
      if (!value) zeros++;
      else {
        for (; zeros > 15; zeros -= 16) this.write(ac.code[0xf0], ac.length[0xf0]);
        this.value(ac, zeros << 4, value);
        zeros = 0;
      }
    }
    if (end < 63) this.write(ac.code[0], ac.length[0]);
    return block[0];
  }

  // `rows` and `turned` have a frequency across, then down, in each row.
  transform(plane, at, stride, divide) {
    const { rows, turned, block } = this;
    for (let y = 0; y < 8; y++, at += stride) transform8(plane, at, rows, y);
    for (let u = 0; u < 8; u++) transform8(rows, 8 * u, turned, u);
    for (let k = 0; k < 64; k++) block[PLACE[k]] = Math.floor(turned[k] * divide[k] + 0.5);
  }

  // A Huffman code for `run` and the number of bits, then the value's own bits.
  value(table, run, value) {
    const bits = 32 - Math.clz32(Math.abs(value));
    const [code, length] = [table.code[run | bits], table.length[run | bits]];
    const own = value < 0 ? value + (1 << bits) - 1 : value;
    if (length + bits <= 24) return this.write((code << bits) | own, length + bits);
    this.write(code, length);
    this.write(own, bits);
  }

  write(value, length) {
    this.bits = (this.bits << length) | value;
    this.count += length;
    while (this.count >= 8) {
      const byte = (this.bits >> (this.count - 8)) & 255;
      this.out[this.at++] = byte;
      if (byte === 255) this.out[this.at++] = 0;
      this.count -= 8;
    }
    this.bits &= (1 << this.count) - 1;
  }
}
