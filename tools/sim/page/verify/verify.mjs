// Verifies a card: reads every segment that its camera's log promises, and gives one verdict.
//
// Written from tools/evidence/FORMAT.md; the command `card verify` is the other reader.

import { judgeLog } from "./log.mjs";
import { Medium } from "./medium.mjs";
import { Chain, openSeed, same } from "./primitives.mjs";
import { headerOf, readSegment, segmentKeys, segmentOf, wholeDigest } from "./segments.mjs";
import { Stream } from "./stream.mjs";

const AHEAD = 64;
const KINDS = ["note", "torn-tail", "incomplete", "damaged", "tampered"];
const INCOMPLETE = ["tail-missing", "block-missing", "segment-missing", "card-older", "block-older"];
const DAMAGED = [
  "block-damaged", "block-unreadable", "seal-damaged", "seal-missing", "description-lost", "log-page-damaged", "log-newest-damaged",
]; // prettier-ignore
const TORN = ["torn", "torn-empty"];
const NOTES = ["description-copy-lost", "image-short"];

/** Return what a finding does to the verdict. */
export function kindOf(code) {
  if (NOTES.includes(code)) return "note";
  if (TORN.includes(code)) return "torn-tail";
  if (INCOMPLETE.includes(code)) return "incomplete";
  return DAMAGED.includes(code) ? "damaged" : "tampered";
}

/**
 * Verify a card.
 * @param {{sizeBytes: number, pieces: [number, Uint8Array][]}} card
 * @param {{pieces: [number, Uint8Array][]}} log the camera's flash
 * @param {{check: Uint8Array, read?: Uint8Array, agency?: Uint8Array, agencyPublic?: Uint8Array}} keys
 * @returns {Promise<{verdict: string, complete: boolean, authenticated: boolean, segments: number,
 *   frames: number, written: ?number, gaps: number, findings: object[], recordings: Stream[]}>}
 */
export async function verify(card, log, keys) {
  const check = new Chain(keys.check);
  const told = await judgeLog(log.pieces, check);
  const medium = new Medium(card);
  const findings = [...(await medium.judge(told)), ...told.findings];
  if (await standsAhead(medium, told)) findings.push({ code: "log-older" });
  const segments = [...told.segments.values(), ...(await unlisted(medium, told))].sort((a, b) => a.n - b.n);
  const seed = await readSeed(told, keys);
  const read = seed && new Chain(seed);
  const readings = [];
  const streams = [];
  let before = null;
  for (const segment of segments) {
    if (segment.n < told.released) continue;
    const follows = before?.recording === segment.recording;
    if (!follows) streams.push(new Stream(segment.recording));
    if (segment.index && !(follows && before.index + 1 === segment.index)) streams.at(-1).hole();
    readings.push(await readSegment(medium, segment, await segmentKeys(segment, check, read), streams.at(-1)));
    before = segment;
  }
  cutOff(readings, findings);
  findings.push(...readings.flatMap((reading) => reading.findings));
  return { ...summary(readings, streams, findings, told), place: (n) => medium.place(n) };
}

function summary(readings, streams, findings, told) {
  for (const finding of findings) finding.kind = kindOf(finding.code);
  const rank = Math.max(0, ...findings.map(({ kind }) => KINDS.indexOf(kind)));
  const sum = (of) => streams.reduce((total, stream) => total + of(stream), 0);
  const written = readings.map((reading) => reading.written);
  return {
    verdict: rank ? KINDS[rank] : "intact",
    complete: rank < 2,
    authenticated: told.authentic && rank < 4,
    segments: readings.length,
    frames: sum((stream) => stream.frames.length),
    written: written.includes(null) ? null : written.reduce((a, b) => a + b, 0), // pictures, as the seals count them
    gaps: sum((stream) => stream.gaps),
    findings,
    recordings: streams,
    readings,
  };
}

// The agency's key opens the sealed seed; a browser without X25519 takes the demonstration's own.
async function readSeed(told, keys) {
  for (const sealed of told.sealedSeeds) {
    const seed = keys.agency && (await openSeed(sealed.slice(8), keys.agency, keys.agencyPublic, told.device, told.epoch));
    if (seed) return seed;
  }
  return keys.read ?? null;
}

// Segments whose entry the flash lost: their HEAD says the rest.
async function unlisted(medium, told) {
  const found = [];
  for (let n = told.first; told.damaged && n < told.next; n++) {
    if (told.segments.has(n)) continue;
    const block = medium.block(n, 0);
    if (await wholeDigest(block)) found.push(segmentOf(block));
  }
  return found.filter(({ n }) => n >= told.released);
}

async function standsAhead(medium, told) {
  for (let n = told.next; n < told.next + Math.min(AHEAD, medium.segments); n++)
    for (const b of [0, 1, 2, 3]) {
      const block = medium.block(n, b);
      if (!(await wholeDigest(block))) continue;
      const header = headerOf(block);
      const own = header.n === n && header.b === b && header.epoch >= told.epoch;
      if (own && same(header.device, told.device.slice(0, 8))) return true;
    }
  return false;
}

// In one finding: the last segments are not there.
function cutOff(readings, findings) {
  const gone = [];
  for (const reading of [...readings].reverse()) {
    if (reading.findings.map(({ code }) => code).join() !== "segment-missing") break;
    gone.push(reading);
  }
  if (!gone.length || findings.some(({ code }) => code === "image-short")) return;
  for (const reading of gone) reading.findings = [];
  findings.push({ code: "card-older", segment: gone.at(-1).segment.n, block: null });
}
