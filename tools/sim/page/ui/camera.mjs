// The camera's thread, as the page sees it.

/** Return the bytes of base64 text. */
export function fromBase64(text) {
  const chars = atob(text);
  const data = new Uint8Array(chars.length); // from() with a function takes ten times as long
  for (let i = 0; i < data.length; i++) data[i] = chars.charCodeAt(i);
  return data;
}

/** Return what gzip and base64 packed. */
export async function unpack(text) {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The interpreter is compiled once: the next camera begins with what the one before has optimised.
async function partsOf({ worker, wasm, sources, card }) {
  const [code, binary, text, log] = await Promise.all([worker, wasm, sources, card.log].map(unpack));
  const files = JSON.parse(new TextDecoder().decode(text));
  return { code, wasm: await WebAssembly.compile(binary), files, log };
}

/**
 * One simulated camera. Its messages are told to who asked with `on(name, fn)`: ready(ms),
 * state(object), display(pixels, width, light), event(object), traffic(rows, missed),
 * load(share of a core, speed reached, lateMs), arrived(ms), broken(text).
 */
export class Camera {
  /** @param {object} data the global BODYCAM of the built page */
  constructor(data) {
    this.data = data;
    this.heard = {};
    this.acts = []; // [ms, verb, ...arguments], all that hands did
    this.ms = 0;
    this.waiting = new Map();
    this.number = 0;
    this.starts = 0;
  }

  on(name, fn) {
    (this.heard[name] ??= []).push(fn);
  }

  /** Build the camera `board` and play `acts` from its first millisecond. */
  async start(board, acts = [], profile = "nrw_order_service") {
    this.stop();
    const turn = ++this.starts;
    this.acts = acts;
    this.board = board;
    const { data } = this;
    this.parts ??= partsOf(data);
    const { code, wasm, files, log } = await this.parts;
    if (turn !== this.starts) return new Promise(() => {}); // another start came after this one
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    this.worker = new Worker(url);
    this.worker.onmessage = ({ data: [name, ...facts] }) => this.hear(name, facts);
    this.worker.onerror = (event) => this.hear("broken", [event.message]);
    const pieces = data.card.pieces.map(([at, text]) => [at, fromBase64(text)]);
    const card = { sizeBytes: data.card.size_bytes, pieces };
    this.profile = profile;
    const config = { board, seed: 0, profile, card: "card", camera: "camera", out: "" };
    config.acts = acts.map(([ms, verb, ...args]) => [ms, verb, args, 0]);
    this.worker.postMessage(["start", { wasm, sources: files, card, log, logBytes: data.boards[board].log_bytes }, config]);
    const took = await new Promise((resolve) => (this.started = resolve));
    URL.revokeObjectURL(url);
    return took;
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.ms = 0;
  }

  hear(name, facts) {
    if (name === "state" || name === "event") facts = [JSON.parse(facts[0])];
    if (name === "state") this.ms = facts[0].ms;
    if (name === "ready") this.started(facts[0]);
    if (name === "card") this.waiting.get(facts[0])?.(facts.slice(1));
    for (const fn of this.heard[name] ?? []) fn(...facts);
  }

  send(...message) {
    this.worker?.postMessage(message);
  }

  /** Do an act: see tools/sim/README.md for verbs. */
  act(verb, ...args) {
    this.acts.push([this.ms + 1, verb, ...args]);
    this.send("act", verb, ...args);
  }

  /** Return copies of the card and of the camera's log. */
  take() {
    const number = ++this.number;
    return new Promise((resolve) => {
      this.waiting.set(number, resolve);
      this.send("take", number);
    });
  }
}
