// The ciphers and derivations of FORMAT.md sections 2 and 3, on the browser's WebCrypto.

const ZERO = new Uint8Array(16);
const subtle = () => globalThis.crypto.subtle;

/** Join byte arrays. */
export function join(...parts) {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const ascii = (text) => new TextEncoder().encode(text);
export const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
export const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Return whether all bytes are `value`. A plain loop: `every` takes six times as long. */
export function blank(data, value) {
  for (let i = 0; i < data.length; i++) if (data[i] !== value) return false;
  return true;
}

/** Return a number as 4 bytes, little endian. */
export const u32 = (n) => Uint8Array.of(n, n >> 8, n >> 16, n >> 24);

const crcTable = new Uint32Array(256).map((_, i) => {
  for (let bit = 0; bit < 8; bit++) i = i & 1 ? (i >>> 1) ^ 0xedb88320 : i >>> 1;
  return i;
});

/** Return the CRC-32 (IEEE 802.3). */
export function crc32(data) {
  let crc = -1;
  for (const byte of data) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255];
  return ~crc >>> 0;
}

export const sha256 = async (data) => new Uint8Array(await subtle().digest("SHA-256", data));

/** Return the key for AES-256-CBC. */
export const aesKey = (key) => subtle().importKey("raw", key, "AES-CBC", false, ["encrypt", "decrypt"]);

// WebCrypto pads always: what is behind the data is cut off here, and made below.
async function encrypt(key, iv, data) {
  const out = await subtle().encrypt({ name: "AES-CBC", iv }, key, data);
  return new Uint8Array(out, 0, data.length);
}

/** Return the plaintext of whole blocks in CBC mode without padding. */
export async function decrypt(key, iv, data) {
  const last = data.subarray(data.length - 16);
  // Encrypting nothing after `last` gives the block of padding that would follow it.
  const padding = new Uint8Array(await subtle().encrypt({ name: "AES-CBC", iv: last }, key, new Uint8Array()));
  return new Uint8Array(await subtle().decrypt({ name: "AES-CBC", iv }, key, join(data, padding)));
}

function doubled(block) {
  const out = new Uint8Array(16);
  for (let i = 0; i < 16; i++) out[i] = (block[i] << 1) | (i < 15 ? block[i + 1] >> 7 : 0);
  if (block[0] & 0x80) out[15] ^= 0x87;
  return out;
}

/** AES-256-CMAC (SP 800-38B) under one key. */
export class Mac {
  static async under(key) {
    const mac = new Mac();
    mac.key = await aesKey(key);
    mac.k1 = doubled(await encrypt(mac.key, ZERO, ZERO));
    mac.k2 = doubled(mac.k1);
    return mac;
  }

  /** Return the 16 bytes of `data`, which is not empty. */
  async of(data) {
    const whole = data.length % 16 === 0;
    const size = Math.ceil(data.length / 16) * 16;
    const blocks = new Uint8Array(size);
    blocks.set(data);
    if (!whole) blocks[data.length] = 0x80;
    const last = whole ? this.k1 : this.k2;
    for (let i = 0; i < 16; i++) blocks[size - 16 + i] ^= last[i];
    return (await encrypt(this.key, ZERO, blocks)).slice(size - 16);
  }
}

/** SP 800-108r1 in counter mode: 32 bytes. */
export async function kdf(key, label, context = new Uint8Array()) {
  const mac = await Mac.under(key);
  const half = (i) => mac.of(join(Uint8Array.of(0, 0, 0, i), ascii(label), Uint8Array.of(0), context, Uint8Array.of(0, 0, 1, 0)));
  return join(await half(1), await half(2));
}

/** The keys X_0, X_1, ... that follow from one seed. */
export class Chain {
  constructor(seed) {
    this.keys = [seed];
  }

  async at(s) {
    while (this.keys.length <= s) this.keys.push(await kdf(this.keys.at(-1), "next"));
    return this.keys[s];
  }
}

// HPKE (RFC 9180): X25519, HKDF-SHA256, AES-256-GCM, base mode.

const KEM = join(ascii("KEM"), Uint8Array.of(0, 0x20));
const SUITE = join(ascii("HPKE"), Uint8Array.of(0, 0x20, 0, 1, 0, 2));
const NOTHING = new Uint8Array();

async function hmac(key, data) {
  const usable = key.length ? key : new Uint8Array(32);
  const made = await subtle().importKey("raw", usable, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle().sign("HMAC", made, data));
}

const extract = (suite, salt, label, data) => hmac(salt, join(ascii("HPKE-v1"), suite, ascii(label), data));

async function expand(suite, key, label, info, n) {
  const words = join(Uint8Array.of(n >> 8, n), ascii("HPKE-v1"), suite, ascii(label), info, Uint8Array.of(1));
  return (await hmac(key, words)).slice(0, n);
}

/**
 * Return the READ seed that is sealed to a key, or null where this browser has no X25519 or the key
 * does not open it.
 */
export async function openSeed(sealed, privateKey, publicKey, device, epoch) {
  try {
    const pkcs8 = join(unhex("302e020100300506032b656e04220420"), privateKey);
    const own = await subtle().importKey("pkcs8", pkcs8, "X25519", false, ["deriveBits"]);
    const other = await subtle().importKey("raw", sealed.slice(0, 32), "X25519", false, []);
    const dh = new Uint8Array(await subtle().deriveBits({ name: "X25519", public: other }, own, 256));
    const context = join(sealed.subarray(0, 32), publicKey);
    const shared = await expand(KEM, await extract(KEM, NOTHING, "eae_prk", dh), "shared_secret", context, 32);
    const info = join(ascii("bodycam READ 1"), device, u32(epoch));
    const ids = [await extract(SUITE, NOTHING, "psk_id_hash", NOTHING), await extract(SUITE, NOTHING, "info_hash", info)];
    const schedule = join(Uint8Array.of(0), ...ids);
    const secret = await extract(SUITE, shared, "secret", NOTHING);
    const key = await subtle().importKey("raw", await expand(SUITE, secret, "key", schedule, 32), "AES-GCM", false, ["decrypt"]);
    const iv = await expand(SUITE, secret, "base_nonce", schedule, 12);
    return new Uint8Array(await subtle().decrypt({ name: "AES-GCM", iv }, key, sealed.slice(32)));
  } catch {
    return null;
  }
}
