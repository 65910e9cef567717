// The end: take the card out, verify it, play it, flip a bit, keep it.

import { unhex } from "../verify/primitives.mjs";
import { BLOCK } from "../verify/segments.mjs";
import { verify } from "../verify/verify.mjs";
import { $, make, put } from "./dom.mjs";
import { isTorn, sentence } from "./findings.mjs";
import { Film } from "./film.mjs";
import { say } from "./words.mjs";

const FLIPPED_BYTE = 8000; // of a block: in its enciphered body

function flashOf(log) {
  const flash = new Uint8Array(log.sizeBytes).fill(log.blank);
  for (const [at, data] of log.pieces) flash.set(data, at);
  return flash;
}

/** The panel of the card. */
export class CardEnd {
  constructor(camera, data, state) {
    this.camera = camera;
    this.state = state;
    const { keys } = data.card;
    this.keys = Object.fromEntries(Object.entries(keys).map(([name, text]) => [name, unhex(text)]));
    this.files = data.card.files;
    $("take").onclick = () => this.take();
  }

  /** Begin anew: nothing was taken out. */
  begin() {
    this.found = null;
    this.film?.stop();
    $("verdict").replaceChildren();
  }

  translate() {
    if (this.found) this.show();
  }

  /** Take the card out and verify it. */
  async take() {
    if (!globalThis.crypto?.subtle) return put($("verdict"), say("no_crypto"));
    $("take").disabled = true;
    put($("verdict"), say("checking"));
    const [card, log] = await this.camera.take();
    this.taken = { card, log, recording: this.state()?.stage === "recording" };
    this.flipped = null;
    await this.verify();
    $("take").disabled = false;
  }

  async verify() {
    const { card, log, recording } = this.taken;
    this.found = await verify(card, log, this.keys);
    const newest = this.found.readings.at(-1)?.segment.n;
    this.running = recording && this.found.findings.find((one) => isTorn(one) && one.segment === newest);
    this.show();
  }

  /** Flip one bit of a block in the middle of the newest recording, and verify again. */
  async flip() {
    const whole = this.found.readings.filter(({ blocks }) => blocks > 1);
    const { segment, blocks } = whole.at(-1);
    const block = Math.floor(blocks / 2);
    const at = this.found.place(segment.n) + block * BLOCK + FLIPPED_BYTE;
    const [start, data] = this.taken.card.pieces.find(([from, piece]) => from <= at && at < from + piece.length);
    data[at - start] ^= 1;
    this.flipped = { bit: 0, at: FLIPPED_BYTE, block, n: segment.n };
    put($("verdict"), say("checking"));
    await this.verify();
  }

  show() {
    this.film?.stop();
    const { found } = this;
    if (!found.segments) {
      $("verdict").replaceChildren(make("p", { class: "verdict" }, say("nothing")));
      return;
    }
    const findings = found.findings.filter(({ kind }) => kind !== "note");
    const runs = found.verdict === "torn-tail" && findings.every((one) => one === this.running);
    const box = make("div", { class: `verdict ${found.verdict}`, "data-verdict": found.verdict });
    box.append(make("p", { class: "word" }, say(runs ? "verdict_running" : `verdict_${found.verdict}`)), make("p", { class: "quiet" }, say("counts", { ...found, recordings: found.recordings.length })));
    const lost = found.written === null ? 0 : found.written - found.frames;
    if (lost > 0) box.append(make("p", { id: "lost" }, say("lost", { ...found, lost })));
    if (this.flipped) box.append(make("p", { id: "flipped" }, say("flipped", this.flipped)));
    if (findings.length) box.append(make("ul", { id: "findings" }, ...findings.map((one) => make("li", {}, sentence(one, one === this.running)))));
    const recordings = found.recordings.filter((stream) => stream.frames.length);
    if (recordings.length) {
      this.film = new Film(recordings);
      box.append(this.film.node);
    }
    const button = (id, kind, onclick) => make("button", { type: "button", class: kind, id, onclick }, say(id));
    box.append(
      make("div", { class: "row" }, button("flip", "plain", () => this.flip()), button("save", "plain", () => this.save())),
      make("p", { class: "quiet" }, say("save_word")),
    );
    $("verdict").replaceChildren(box);
  }

  /** Save the image, its camera's log, and the demonstration's keys, as `card verify` takes them. */
  save() {
    const { card, log } = this.taken;
    this.download("demo.img", this.image(card));
    this.download("log.bin", [flashOf(log)]);
    for (const [name, text] of Object.entries(this.files)) this.download(name, [text]);
  }

  // The image in pieces, so that what is empty takes no memory here.
  image({ sizeBytes, pieces }) {
    const written = new Map(pieces);
    const empty = new Uint8Array(pieces[0][1].length);
    const parts = [];
    for (let at = 0; at < sizeBytes; at += empty.length) parts.push(written.get(at) ?? empty);
    return parts;
  }

  download(name, data) {
    const href = URL.createObjectURL(new Blob(data));
    make("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }
}
