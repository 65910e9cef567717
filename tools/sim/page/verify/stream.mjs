// The records of a recording, over all its segments: FORMAT.md section 7.

import { join } from "./primitives.mjs";

const FRAME = 1;
const EVENT = 3;
const GAP = 4;
const HEADER = 16;

const words = (data) => {
  try {
    return JSON.parse(new TextDecoder().decode(data)) ?? {};
  } catch {
    return {};
  }
};

/** Joins pieces to records: `frames` [{t_ms, data}], `events` [{t_ms, ...words}], `gaps`. */
export class Stream {
  constructor(recording) {
    this.recording = recording;
    this.frames = [];
    this.events = [];
    this.gaps = 0;
    this.rest = null; // bytes of a record that is not whole; null: the next beginning is unknown
    this.openings = [];
  }

  /** Take the words in HEAD. */
  opening(text) {
    this.openings.push(words(text.subarray(HEADER)));
  }

  /** Note that a piece is missing. */
  hole() {
    this.rest = null;
  }

  /** Take the piece of one DATA block: its body from byte 16 to `used`. */
  piece(header, text) {
    if (this.rest === null) {
      if (!header.firstAt) return;
      text = text.subarray(header.firstAt - 16);
      this.rest = new Uint8Array();
    }
    let data = this.rest.length ? join(this.rest, text) : text;
    for (;;) {
      if (data.length < HEADER) break;
      const view = new DataView(data.buffer, data.byteOffset);
      const n = view.getUint32(12, true);
      const padded = HEADER + ((n + 3) & ~3);
      if (data.length < padded) break;
      this.record(data[0], view.getUint32(8, true), data.slice(HEADER, HEADER + n));
      data = data.subarray(padded);
    }
    this.rest = data.slice();
  }

  record(kind, t_ms, data) {
    if (kind === FRAME) this.frames.push({ t_ms, data });
    if (kind === GAP) this.gaps++;
    if (kind === EVENT || kind === GAP) this.events.push({ t_ms, ...words(data) });
  }
}
