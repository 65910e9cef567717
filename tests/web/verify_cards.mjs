// Verifies cards with the page's reader: lines of JSON {image, log, keys} on standard input, for
// each a line with what the page says of it.

import fs from "node:fs";
import readline from "node:readline";

import { sentence } from "../../tools/sim/page/ui/findings.mjs";
import { unhex } from "../../tools/sim/page/verify/primitives.mjs";
import { verify } from "../../tools/sim/page/verify/verify.mjs";

const CHUNK = 1 << 20;
const EMPTY = Buffer.alloc(CHUNK);

/** Return a file as the page's worker gives a card: pieces that are not empty. */
function store(path) {
  const file = fs.openSync(path, "r");
  const sizeBytes = fs.fstatSync(file).size;
  const pieces = [];
  const data = Buffer.alloc(CHUNK);
  for (let at = 0; at < sizeBytes; at += CHUNK) {
    const piece = data.subarray(0, fs.readSync(file, data, 0, CHUNK, at));
    if (EMPTY.compare(piece)) pieces.push([at, new Uint8Array(piece)]);
  }
  fs.closeSync(file);
  return { sizeBytes, pieces };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { image, log, keys } = JSON.parse(line);
  const raw = Object.fromEntries(Object.entries(keys).map(([name, text]) => [name, unhex(text)]));
  const { verdict, complete, authenticated, segments, frames, written, gaps, findings, recordings: { length: recordings } } = await verify(store(image), store(log), raw);
  const grave = findings.filter(({ kind }) => kind !== "note");
  const [codes, said] = [grave.map(({ code }) => code), grave.map((finding) => sentence(finding))];
  console.log(JSON.stringify({ verdict, complete, authenticated, recordings, segments, frames, written, gaps, codes, said }));
}
