// The card as a reader sees it: FORMAT.md section 5.

import { same, sha256 } from "./primitives.mjs";
import { BLOCK, BLOCKS, headerOf, wholeDigest } from "./segments.mjs";

const SECTOR = 512;
const PLACE = BLOCK * BLOCKS;
const SUPERBLOCKS = [2048, 4096];

/** A copied card; reads are of what was written, zero elsewhere. */
export class Medium {
  constructor({ sizeBytes, pieces }) {
    this.sizeBytes = sizeBytes;
    this.pieces = pieces;
    this.first = PLACE;
    this.segments = 0;
    this.found = null; // where segments stand, when no superblock tells it
  }

  read(at, n) {
    const out = new Uint8Array(n);
    for (const [start, data] of this.pieces) {
      const from = Math.max(at, start);
      const to = Math.min(at + n, start + data.length, this.sizeBytes);
      if (from < to) out.set(data.subarray(from - start, to - start), from - at);
    }
    return out;
  }

  /** Return where segment n begins, in bytes. */
  place(n) {
    if (this.found) return this.found.get(n) ?? this.sizeBytes;
    return this.first + (n % this.segments) * PLACE;
  }

  block(n, b) {
    return this.read(this.place(n) + b * BLOCK, BLOCK);
  }

  /** Read the superblocks and return findings about them and the size. */
  async judge(log) {
    const [one, two] = await Promise.all(SUPERBLOCKS.map((lba) => this.superblock(lba)));
    const good = one ?? two;
    if (!good) {
      await this.search();
      return [{ code: "description-lost" }];
    }
    this.first = good.first;
    this.segments = good.segments;
    const findings = [];
    if (!one || !two) findings.push({ code: "description-copy-lost" });
    else if (!same(one.raw, two.raw)) findings.push({ code: "description-forged" });
    const cards = [log.card, ...[...log.segments.values()].map((segment) => segment.card)];
    if (log.card && !cards.some((id) => same(id, good.card))) findings.push({ code: "card-renamed" });
    if (this.place(good.segments - 1) + PLACE > this.sizeBytes) findings.push({ code: "image-short" });
    return findings;
  }

  async superblock(lba) {
    const raw = this.read(lba * SECTOR, SECTOR);
    const view = new DataView(raw.buffer);
    const right = String.fromCharCode(...raw.subarray(0, 4)) === "BWS1" && same(await sha256(raw.subarray(0, 480)), raw.subarray(480));
    if (!right) return null;
    return { raw, card: raw.slice(8, 24), first: view.getUint32(32, true) * SECTOR, segments: view.getUint32(36, true) };
  }

  // Without a superblock, segments stand at multiples of 4 MiB.
  async search() {
    this.found = new Map();
    for (let at = PLACE; at < this.sizeBytes; at += PLACE)
      for (const b of [0, 1, 2, 3]) {
        const block = this.read(at + b * BLOCK, BLOCK);
        if (!(await wholeDigest(block))) continue;
        this.found.set(headerOf(block).n, at);
        break;
      }
    this.segments = this.found.size;
  }
}
