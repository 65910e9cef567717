// AES-CBC, encrypting only (FIPS 197, SP 800-38A): what the camera's processor does for each block
// of a recording. The library does it, too, at a third of the speed: its tables fill the cache.

const SBOX = new Uint8Array(256);
// One step of a column, substitution and mixing, for each value of its first, second, third and
// fourth byte. One table of this kind of number is half as fast again as four of another.
const STEP = new Int32Array(1024);

const twice = (byte) => ((byte << 1) ^ (byte & 0x80 ? 0x11b : 0)) & 0xff;

// All of the field but 0, as powers of 3, beside their inverses (FIPS 197, 4.2 and 5.1.1).
for (let [power, inverse] = [1, 1], i = 0; i < 255; i++) {
  let wide = inverse * 0x101;
  wide = (wide ^ (wide >> 4) ^ (wide >> 5) ^ (wide >> 6) ^ (wide >> 7)) & 0xff;
  SBOX[power] = wide ^ 0x63;
  power ^= twice(power);
  for (const n of [1, 2, 4]) inverse ^= inverse << n;
  inverse = (inverse & 0xff) ^ (inverse & 0x80 ? 0x09 : 0);
}
SBOX[0] = 0x63;
for (let i = 0; i < 256; i++) {
  const one = SBOX[i];
  const two = twice(one);
  const column = two | (one << 8) | (one << 16) | ((two ^ one) << 24);
  for (let k = 0; k < 4; k++) STEP[256 * k + i] = (column << (8 * k)) | (column >>> (32 - 8 * k || 32));
}

const substitute = (a, b, c, d) =>
  SBOX[a & 255] | (SBOX[(b >>> 8) & 255] << 8) | (SBOX[(c >>> 16) & 255] << 16) | (SBOX[d >>> 24] << 24);

/** Return the words of all rounds for a key of 16 or 32 bytes (FIPS 197, 5.2). */
function expand(key) {
  const n = key.length / 4;
  const words = new Int32Array(4 * (n + 7));
  words.set(new Int32Array(key.slice().buffer));
  for (let i = n, round = 1; i < words.length; i++) {
    let word = words[i - 1];
    if (i % n === 0) {
      word = substitute(...Array(4).fill((word >>> 8) | (word << 24))) ^ round;
      round = twice(round);
    } else if (n > 6 && i % n === 4) word = substitute(word, word, word, word);
    words[i] = words[i - n] ^ word;
  }
  return words;
}

/** Encrypt the words of `source` into `target`; `chain` has the four of the vector, then the last. */
export function encryptCBC(key, chain, source, target) {
  const words = expand(key);
  const last = words.length - 4;
  const T = STEP; // within the function it is found at once
  let [a, b, c, d] = chain;
  for (let i = 0; i < source.length; i += 4) {
    a ^= source[i] ^ words[0];
    b ^= source[i + 1] ^ words[1];
    c ^= source[i + 2] ^ words[2];
    d ^= source[i + 3] ^ words[3];
    for (let k = 4; k < last; k += 4) {
      const e = T[a & 255] ^ T[256 | ((b >>> 8) & 255)] ^ T[512 | ((c >>> 16) & 255)] ^ T[768 | (d >>> 24)] ^ words[k];
      const f = T[b & 255] ^ T[256 | ((c >>> 8) & 255)] ^ T[512 | ((d >>> 16) & 255)] ^ T[768 | (a >>> 24)] ^ words[k + 1];
      const g = T[c & 255] ^ T[256 | ((d >>> 8) & 255)] ^ T[512 | ((a >>> 16) & 255)] ^ T[768 | (b >>> 24)] ^ words[k + 2];
      d = T[d & 255] ^ T[256 | ((a >>> 8) & 255)] ^ T[512 | ((b >>> 16) & 255)] ^ T[768 | (c >>> 24)] ^ words[k + 3];
      a = e;
      b = f;
      c = g;
    }
    const e = substitute(a, b, c, d) ^ words[last];
    const f = substitute(b, c, d, a) ^ words[last + 1];
    const g = substitute(c, d, a, b) ^ words[last + 2];
    d = substitute(d, a, b, c) ^ words[last + 3];
    target[i] = a = e;
    target[i + 1] = b = f;
    target[i + 2] = c = g;
    target[i + 3] = d;
  }
  chain.set([a, b, c, d]);
}
