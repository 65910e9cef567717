// Reads the blocks of one segment in place and judges each: FORMAT.md sections 6 and 8.

import { aesKey, blank, crc32, decrypt, join, kdf, Mac, same, sha256, u32 } from "./primitives.mjs";

export const BLOCK = 16_384;
export const BLOCKS = 256;
const BODY_AT = 64;
const BODY_END = 16_320;
const DIGEST_AT = 16_332;
const TAG_AT = 16_364;
const WORD_AT = 16_380;
const CLEAR = 256; // of HEAD's body
const SEAL_FRAMES_AT = 8; // after the first 16 bytes of its body
const KINDS = { 1: "HEAD", 2: "DATA", 3: "SEAL" };
const TOGETHER = 16;

/** Return the header of a block. */
export function headerOf(block) {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK);
  const u = (at) => view.getUint32(at, true);
  return {
    magic: u(0), version: block[4], kind: KINDS[block[5]], flags: view.getUint16(6, true), n: u(8), b: u(12), s: u(16), epoch: u(20),
    used: u(24), firstSeq: u(28), firstAt: u(32), ms: u(36), card: block.slice(40, 48), device: block.slice(48, 56), boot: u(56), zero: u(60),
  }; // prettier-ignore
}

const MAGIC = 0x31425742; // BWB1

/** Return the digest of a block if it is whole, else null. */
export async function wholeDigest(block) {
  const digest = await sha256(block.subarray(0, DIGEST_AT));
  const right = same(digest, block.subarray(DIGEST_AT, TAG_AT));
  const view = new DataView(block.buffer, block.byteOffset, BLOCK);
  return right && crc32(block.subarray(DIGEST_AT, WORD_AT)) === view.getUint32(WORD_AT, true) ? digest : null;
}

/** Return the segment that a HEAD block describes. */
export function segmentOf(block) {
  const { n, s, boot } = headerOf(block);
  const body = block.slice(BODY_AT, BODY_AT + CLEAR);
  const u = (at) => new DataView(body.buffer).getUint32(at, true);
  return {
    n, s, boot, nonce: body.slice(0, 16), card: body.slice(16, 32), device: body.slice(32, 48), epoch: u(48), recording: u(52), index: u(56),
    blocks: null, least: 0,
  }; // prettier-ignore
}

/** Return the keys of a segment: {mac, cipher}; a chain that is null gives null. */
export async function segmentKeys(segment, check, read) {
  const context = join(segment.nonce, segment.card, u32(segment.n));
  const key = async (chain) => kdf(await chain.at(segment.s), "key", context);
  return { mac: check && (await Mac.under(await key(check))), cipher: read && (await aesKey(await key(read))) };
}

/** Return {header, trouble} of one position; the header is null where no block of the segment stands. */
async function judge(block, b, segment, keys, medium) {
  const digest = await wholeDigest(block);
  if (!digest) {
    const empty = blank(block, 0) || blank(block, 0xff);
    return { header: null, trouble: empty ? "block-missing" : "block-damaged" };
  }
  const header = headerOf(block);
  const own = [header.n === segment.n, header.b === b, header.s === segment.s, header.epoch === segment.epoch];
  const ids = same(header.card, segment.card.slice(0, 8)) && same(header.device, segment.device.slice(0, 8));
  if (own.includes(false) || !ids) return { header: null, trouble: otherBlock(header, b, segment, medium) };
  if (!same(await keys.mac.of(digest), block.subarray(TAG_AT, WORD_AT))) return { header, trouble: "block-forged" };
  return { header, trouble: rightFields(header, block, segment) ? null : "block-field" };
}

function otherBlock(header, b, segment, medium) {
  const ownCard = same(header.card, segment.card.slice(0, 8));
  const samePlace = medium.place(header.n) === medium.place(segment.n);
  if (ownCard && header.b === b && header.n < segment.n && samePlace) return "block-older";
  if (!same(header.device, segment.device.slice(0, 8))) return "block-of-other-camera";
  if (!ownCard) return "block-of-other-card";
  if (header.n !== segment.n) return "block-moved";
  return header.b === b ? "block-header" : "block-reordered";
}

function rightFields(header, block, segment) {
  const last = segment.blocks === null ? null : segment.blocks - 1;
  const kind = header.b === 0 ? "HEAD" : header.b === last ? "SEAL" : "DATA";
  const sealed = last === null && header.kind === "SEAL" && header.b > 0;
  return (
    (header.kind === kind || sealed) && header.magic === MAGIC && header.version === 1 && header.flags <= 1 &&
    header.used >= 16 && header.used <= BODY_END - BODY_AT && header.boot === segment.boot && header.zero === 0 &&
    blank(block.subarray(BODY_END, DIGEST_AT), 0)
  ); // prettier-ignore
}

/**
 * Read a segment: {blocks, sealed, written, findings}, `written` being the pictures that its seal
 * counts, null where it is not to be read. `stream` takes the pieces of its DATA blocks, in order.
 */
export async function readSegment(medium, segment, keys, stream) {
  const reading = { segment, blocks: 0, sealed: false, written: null, findings: [] };
  const bad = [];
  let tail = [];
  const start = medium.place(segment.n);
  const limit = segment.blocks ?? BLOCKS;
  for (let first = 0; first < limit && !reading.sealed; first += TOGETHER) {
    const count = Math.min(TOGETHER, limit - first);
    const blocks = medium.read(start + first * BLOCK, count * BLOCK);
    const judged = await Promise.all(
      Array.from({ length: count }, (_, i) => judge(blocks.subarray(i * BLOCK, (i + 1) * BLOCK), first + i, segment, keys, medium)),
    );
    const texts = keys.cipher ? await decipher(blocks, judged, keys.cipher) : [];
    for (const [i, { header, trouble }] of judged.entries()) {
      const b = first + i;
      if (!header) {
        tail.push([b, trouble]);
        continue;
      }
      bad.push(...tail);
      for (const _ of tail) stream.hole();
      tail = [];
      reading.blocks++;
      if (trouble) {
        bad.push([b, trouble]);
        if (b) stream.hole();
      } else if (keys.cipher) take(header, texts[i], stream, reading);
      if (header.kind === "SEAL") {
        reading.sealed = !trouble;
        if (segment.blocks === null) break;
      }
    }
    if (segment.blocks === null && tail.length >= TOGETHER && first > segment.least) break;
  }
  if (!reading.sealed) stream.hole();
  conclude(reading, bad, tail);
  return reading;
}

// In CBC mode a block of 16 bytes needs only the one before it, and the first 16 bytes of each part
// are no content: so all parts are deciphered in one call, whatever lies between them.
async function decipher(blocks, judged, cipher) {
  const parts = judged.map(({ header, trouble }, i) => {
    const from = BODY_AT + (header?.kind === "HEAD" ? CLEAR : 0);
    return blocks.subarray(i * BLOCK + from, i * BLOCK + (header && !trouble ? BODY_END : from));
  });
  const all = join(...parts);
  if (!all.length) return parts;
  const text = await decrypt(cipher, new Uint8Array(16), all);
  let at = 0;
  return parts.map(({ length }) => text.subarray(at + 16, (at += length)));
}

function take(header, text, stream, reading) {
  if (header.kind === "SEAL") reading.written = new DataView(text.buffer, text.byteOffset).getUint32(SEAL_FRAMES_AT, true);
  if (header.kind === "DATA") stream.piece(header, text.subarray(0, header.used - 16));
  if (header.kind === "HEAD") stream.opening(text.subarray(0, header.used - CLEAR - 16));
}

const ABSENT = ["block-missing", "block-older"];

function conclude(reading, bad, tail) {
  const { segment } = reading;
  const say = (code, block = null) => reading.findings.push({ code, segment: segment.n, block });
  const promised = segment.blocks ?? (reading.sealed ? 0 : segment.least);
  const all = [...bad, ...tail.filter(([b]) => b < promised)];
  const torn = tail.find(([b]) => b >= promised);
  if (promised && !reading.blocks && all.every(([, code]) => ABSENT.includes(code))) say("segment-missing");
  else sayRuns(all, promised, say);
  if (reading.sealed || segment.blocks !== null) return;
  if (segment.continued) say(torn?.[1] === "block-damaged" ? "seal-damaged" : "seal-missing", torn?.[0] ?? null);
  else say(reading.blocks ? "torn" : "torn-empty");
}

// One finding for each run of neighbouring blocks with the same trouble.
function sayRuns(bad, promised, say) {
  bad.sort(([a], [b]) => a - b);
  bad.forEach(([b, code], i) => {
    const before = bad[i - 1];
    if (before && before[0] === b - 1 && before[1] === code) return;
    let last = i;
    while (bad[last + 1]?.[0] === bad[last][0] + 1 && bad[last + 1][1] === code) last++;
    say(code === "block-missing" && bad[last][0] === promised - 1 ? "tail-missing" : code, b);
  });
}
