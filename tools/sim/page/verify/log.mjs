// The camera's flash log: FORMAT.md section 4.

import { blank, crc32, hex, kdf, Mac, same } from "./primitives.mjs";

const PAGE = 256;
const NAMES = [
  "", "EPOCH", "SEALED_READ", "BOOT", "STAGE", "OPEN", "SEAL", "TORN", "MARK", "FAULT", "WARNING", "CLOCK", "CARD", "POWER", "RELEASED", "OFF",
]; // prettier-ignore
const LENGTHS = { OPEN: 44, SEAL: 8, TORN: 8 };
const IN_WORDS = new Set(["BOOT", "STAGE", "MARK", "FAULT", "WARNING", "CLOCK", "CARD", "POWER", "OFF"]);

/** Return the pages of a copied store, from the first to the last that is not blank. */
function pagesOf(pieces) {
  const pages = [];
  for (const [at, data] of pieces)
    for (let i = 0; i < data.length; i += PAGE) {
      const page = data.subarray(i, i + PAGE);
      if (!blank(page, 0xff)) pages[(at + i) / PAGE] = page;
    }
  return pages;
}

function entryOf(page) {
  const view = new DataView(page.buffer, page.byteOffset, PAGE);
  const u16 = (at) => view.getUint16(at, true);
  const u32 = (at) => view.getUint32(at, true);
  const name = NAMES[u16(8)] ?? String(u16(8));
  const detail = page.slice(48, 48 + Math.min(96, page[11]));
  const entry = {
    page, s: u32(4), name, trust: page[10] & 15, open: page[10] >> 7, boot: u16(12), recording: u16(14),
    uptime_ms: Number(view.getBigUint64(16, true)), utc_s: u32(24), next: u32(28), previous: page.slice(32, 48),
    bytes: detail, detail: hex(detail), mac: page.slice(144, 160), keys: page.slice(164, 228), progress: u16(232),
    keysRight: crc32(page.subarray(164, 228)) === u32(228), keysErased: blank(page.subarray(164, 232), 0),
    number: (at) => new DataView(detail.buffer).getUint32(at, true),
  }; // prettier-ignore
  if (IN_WORDS.has(name)) entry.words = words(detail);
  return entry;
}

function words(detail) {
  try {
    return JSON.parse(new TextDecoder().decode(detail)) ?? {};
  } catch {
    return {};
  }
}

const looksLikeEntry = (page) => {
  if (!page || String.fromCharCode(...page.subarray(0, 4)) !== "BWL1") return false;
  return crc32(page.subarray(0, 160)) === new DataView(page.buffer, page.byteOffset).getUint32(160, true);
};

/** Return the valid entries of a copied log store, oldest first. */
export function readLog(pieces) {
  return entriesOf(pagesOf(pieces)).entries;
}

/** Return {entries, holes}: `holes[i]` counts the unreadable pages before entry i. */
function entriesOf(pages) {
  const right = Array.from(pages, (page) => (looksLikeEntry(page) ? entryOf(page) : null));
  const newest = right.findLastIndex((entry) => entry?.keysRight || entry?.keysErased);
  const entries = [];
  const holes = [0];
  for (let i = 0; i < pages.length; i++)
    if (right[i] && i <= newest) {
      entries.push(right[i]);
      holes.push(0);
    } else if (pages[i]) holes[entries.length]++;
  return { entries, holes };
}

const cleared = (progress) => {
  let count = 0;
  while (count < 16 && !((progress >> count) & 1)) count++;
  return count;
};

/**
 * Judge a log and return {segments, next, released, device, card, epoch, sealedSeeds, findings}.
 * `check` is the CHECK chain.
 */
export async function judgeLog(pieces, check) {
  const { entries, holes } = entriesOf(pagesOf(pieces));
  const log = { segments: new Map(), findings: [], sealedSeeds: [], next: 0, first: 0, released: 0, damaged: false };
  const say = (code) => log.findings.push({ code });
  judgeOrder(entries, holes, log, say);
  await judgeMacs(entries, check, log, say);
  for (const [i, entry] of entries.entries()) {
    if (!apply(log, entry) && !log.damaged) say("log-contradiction");
    if (entry.next !== log.next) {
      if (!log.damaged) say("log-contradiction");
      log.next = Math.max(log.next, entry.next);
    }
    if (!right(entry, i === entries.length - 1)) say("log-bytes");
  }
  return log;
}

function judgeOrder(entries, holes, log, say) {
  if (entries[0]?.name !== "EPOCH") say("log-missing");
  entries.forEach((entry, i) => {
    const s = i ? entries[i - 1].s + 1 : 0;
    if (entry.s === s) {
      if (i && !same(entry.previous, entries[i - 1].mac)) say("log-chain");
    } else if (entry.s < s) say("log-misplaced");
    else if (holes[i] >= entry.s - s) {
      log.damaged = true;
      say("log-page-damaged");
    } else say("log-missing");
  });
  const newest = entries.at(-1);
  if (newest?.keysErased) {
    log.damaged ||= holes[entries.length] > 0;
    say(holes[entries.length] ? "log-newest-damaged" : "log-cut");
  }
}

async function judgeMacs(entries, check, log, say) {
  let fit = 0;
  let misfit = 0;
  for (const entry of entries) {
    if (entry.s > 65_536) continue;
    const mac = await Mac.under(await kdf(await check.at(entry.s), "log"));
    if (same(await mac.of(entry.page.subarray(0, 144)), entry.mac)) fit++;
    else misfit++;
  }
  log.authentic = fit > 0 && !misfit;
  if (misfit) say(fit ? "log-altered" : "wrong-check-key");
  const newest = entries.at(-1);
  if (fit && newest && !newest.keysErased && !same(newest.keys.subarray(32), await check.at(newest.s + 1))) say("log-keys");
}

// Bytes that nobody uses, and the keys of all entries but the newest, hold nothing.
function right(entry, newest) {
  const spare = blank(entry.page.subarray(234), 0xff);
  const gone = entry.name === "OPEN" ? (0xffff << cleared(entry.progress)) & 0xffff : 0xffff;
  return spare && entry.progress === gone && (newest || entry.keysErased);
}

// Whether there is as much detail as the entry's kind has; an EPOCH's name may follow.
function long({ name, bytes: { length } }) {
  if (name === "EPOCH") return length >= 44;
  return !(name in LENGTHS) || length === LENGTHS[name];
}

/** Follow one entry; return whether it fits those before. */
function apply(log, entry) {
  if (!long(entry)) return false;
  if (entry.name === "EPOCH") return applyEpoch(log, entry);
  if (entry.name === "SEALED_READ") log.sealedSeeds.push(entry.bytes);
  if (entry.name === "OPEN") return applyOpen(log, entry);
  if (entry.name === "SEAL" || entry.name === "TORN") return applyEnd(log, entry);
  if (entry.name === "RELEASED") log.findings.push({ code: "log-release-forged" });
  if (entry.name === "FAULT" || entry.name === "BOOT") log.lastWhy = entry;
  return true;
}

function applyEpoch(log, entry) {
  const { bytes } = entry;
  Object.assign(log, { epoch: entry.number(0), first: entry.number(4), next: entry.number(4), released: entry.number(40) });
  Object.assign(log, { device: bytes.slice(8, 24), card: bytes.slice(24, 40) });
  return entry.s === 0;
}

function applyOpen(log, entry) {
  if (log.epoch === undefined) return false;
  const n = entry.number(0);
  const fits = n === log.next;
  const [recording, index] = [entry.number(36), entry.number(40)];
  const before = log.segments.get(n - 1);
  if (before && before.recording === recording && index === before.index + 1) before.continued = true;
  log.segments.set(n, {
    n, s: entry.s, boot: entry.boot, nonce: entry.bytes.slice(4, 20), card: entry.bytes.slice(20, 36), device: log.device,
    epoch: log.epoch, recording, index, blocks: null, least: 16 * cleared(entry.progress),
  }); // prettier-ignore
  log.next = n + 1;
  return fits;
}

function applyEnd(log, entry) {
  const segment = log.segments.get(entry.number(0));
  const blocks = entry.number(4);
  if (!segment || segment.blocks !== null || blocks > 256) return false;
  if (entry.name === "TORN") segment.least = Math.max(segment.least, blocks);
  else segment.blocks = blocks;
  return entry.name === "TORN" || blocks >= 2;
}
