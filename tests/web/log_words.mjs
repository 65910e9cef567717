// Reads a line of JSON from standard input: the page's words, and the entries of a log as
// [code, detail]. Prints what the page says of each, in English, and of a finding of any code.

import fs from "node:fs";

import { told } from "../../tools/sim/page/ui/entries.mjs";
import { sentence } from "../../tools/sim/page/ui/findings.mjs";
import { readLog } from "../../tools/sim/page/verify/log.mjs";
import { crc32 } from "../../tools/sim/page/verify/primitives.mjs";

/** Return a page of the log (FORMAT.md section 4), its keys erased. */
function page([code, detail]) {
  const data = new Uint8Array(256);
  const view = new DataView(data.buffer);
  const bytes = new TextEncoder().encode(detail);
  data.set(new TextEncoder().encode("BWL1"));
  view.setUint16(8, code, true);
  data[11] = bytes.length;
  data.set(bytes, 48);
  view.setUint32(160, crc32(data.subarray(0, 160)), true);
  return data;
}

const { words, entries, codes } = JSON.parse(fs.readFileSync(0, "utf8"));
const log = readLog(entries.map((entry, i) => [256 * i, page(entry)]));
console.log(JSON.stringify({ told: log.map((entry) => told(entry, words)), sentences: codes.map((code) => sentence({ code })) }));
