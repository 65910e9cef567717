// The files of the simulated camera, in this tab's memory: its card, and the flash of its log.

const CHUNK = 65536;

/** An array of bytes of which only what was written takes memory. */
export class Store {
  /**
   * @param {number} sizeBytes
   * @param {[number, Uint8Array][]} pieces what stands in it at first: [byte, content]
   * @param {number} blank what stands everywhere else
   */
  constructor(sizeBytes, pieces, blank = 0) {
    this.sizeBytes = sizeBytes;
    this.blank = blank;
    this.chunks = new Map();
    for (const [at, data] of pieces) this.write(at, data);
  }

  read(at, out) {
    for (let done = 0; done < out.length; ) {
      const offset = (at + done) % CHUNK;
      const n = Math.min(CHUNK - offset, out.length - done);
      const chunk = this.chunks.get((at + done - offset) / CHUNK);
      if (chunk) out.set(chunk.subarray(offset, offset + n), done);
      else out.fill(this.blank, done, done + n);
      done += n;
    }
  }

  write(at, data) {
    for (let done = 0; done < data.length; ) {
      const offset = (at + done) % CHUNK;
      const n = Math.min(CHUNK - offset, data.length - done);
      const number = (at + done - offset) / CHUNK;
      let chunk = this.chunks.get(number);
      if (!chunk) this.chunks.set(number, (chunk = new Uint8Array(CHUNK).fill(this.blank)));
      chunk.set(data.subarray(done, done + n), offset);
      done += n;
    }
  }

  /** Return a copy of what was written: {sizeBytes, blank, pieces}. */
  copy() {
    const pieces = [...this.chunks].map(([number, data]) => [number * CHUNK, data.slice()]);
    return { sizeBytes: this.sizeBytes, blank: this.blank, pieces };
  }
}

/** Files by name, as host_wasm.py opens them. */
export class Files {
  constructor() {
    this.stores = [];
    this.names = {};
  }

  add(name, store) {
    this.names[name] = this.stores.push(store) - 1;
    return store;
  }
}
