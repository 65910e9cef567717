// Runs the simulation on MicroPython's WebAssembly port, under Node 18 or later:
//   node wasm_host.mjs MICROPYTHON_PACKAGE_FOLDER REPOSITORY CONFIG.json [SCRIPT.py [FOLDER]]
// With SCRIPT that runs instead of the configuration's; it finds `host` and `config_path`.
// With FOLDER and "" for SCRIPT, firmware/ and drivers/ there are used, and its probe.py: that has
// `reserve`, a generator that ends with the address of `heap_bytes` kept free for the firmware,
// called before the chips are made; probe(run), called before the run and after every slice, which
// are of `slice_steps` then; and, where that returns true, note(run, free, largest piece, used
// elsewhere), in bytes of the reserved heap, after a collection.
// `_host` is what tools/sim/host_wasm.py calls; it works on the interpreter's memory in place.

import { createCipheriv, createDecipheriv } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { bytes, crc16, double, port } from "./wasm_port.mjs";

const HEAP_BYTES = 24 * 1024 * 1024;
const SLICE_MS = 60_000; // of virtual time, at most: slice() also counts the firmware's steps
const FOLDERS = ["boards", "drivers", "firmware", "tools/sim"];
const [, , packageFolder, repository, configPath, script, probeFolder] = process.argv;

const heard = []; // what was printed for a probe
let hears = false;

// Sectors that follow each other go into the file together: a call of its own for each took most
// of the time. Whoever reads, or closes, finds them written.
const waiting = { id: -1, at: 0, n: 0, data: new Uint8Array(64 * 1024) };

function flush() {
  if (waiting.n) fs.writeSync(waiting.id, waiting.data, 0, waiting.n, waiting.at);
  waiting.n = 0;
}

function write(id, at, data) {
  const follows = id === waiting.id && at === waiting.at + waiting.n;
  if (!follows || waiting.n + data.length > waiting.data.length) {
    flush();
    if (data.length > waiting.data.length) return fs.writeSync(id, data, 0, data.length, at);
    Object.assign(waiting, { id, at });
  }
  waiting.data.set(data, waiting.n);
  waiting.n += data.length;
}

const ERRNO = { ENOENT: 2, EACCES: 13, EISDIR: 21, EROFS: 30, EPERM: 1 };
const host = {
  open(name, sizeBytes, writable) {
    try {
      if (sizeBytes) {
        fs.closeSync(fs.openSync(name, "a"));
        if (fs.statSync(name).size < sizeBytes) fs.truncateSync(name, sizeBytes);
      }
      return fs.openSync(name, writable ? "r+" : "r");
    } catch (error) {
      return -(ERRNO[error.code] ?? 5);
    }
  },
  sectors: (id) => Math.floor(fs.fstatSync(id).size / 512),
  odd_bytes: (id) => fs.fstatSync(id).size % 512,
  read(id, lba, at, address, n) {
    if (id === waiting.id) flush();
    fs.readSync(id, bytes(address, n), 0, n, lba * 512 + at);
  },
  write: (id, lba, at, address, n) => write(id, lba * 512 + at, bytes(address, n)),
  sync: () => flush(),
  close(id) {
    flush();
    fs.closeSync(id);
  },
  read_text: (name) => fs.readFileSync(name, "utf8"),
  write_text: (name, text) => fs.writeFileSync(name, text),
  write_bytes: (name, address, n) => fs.writeFileSync(name, bytes(address, n)),
  crc16,
  double,
  aes(state, source, target, n) {
    const [key, keyBytes, iv, encrypts] = new Int32Array(port.memory.buffer, state, 4);
    const name = `aes-${keyBytes * 8}-${iv ? "cbc" : "ecb"}`;
    const chain = iv ? bytes(iv, 16) : null;
    const last = encrypts || !chain ? null : bytes(source, n).slice(n - 16);
    const make = encrypts ? createCipheriv : createDecipheriv;
    const cipher = make(name, bytes(key, keyBytes), chain).setAutoPadding(false);
    bytes(target, n).set(cipher.update(bytes(source, n)));
    if (chain && n) chain.set(last ?? bytes(target, n).subarray(n - 16));
  },
};

const { loadMicroPython } = await import(pathToFileURL(path.join(packageFolder, "micropython.mjs")));
const config = JSON.parse(fs.readFileSync(configPath));
const mp = await loadMicroPython({
  heapsize: config.interpreter_bytes ?? HEAP_BYTES,
  stdout: (text) => {
    if (hears) heard.push(text);
    else fs.writeSync(1, text + "\n");
  },
  linebuffer: true,
});
mp.registerJsModule("_host", host);

function copy(folder, repository) {
  let parent = "";
  for (const part of folder.split("/")) {
    parent += "/" + part;
    if (!mp.FS.analyzePath(parent).exists) mp.FS.mkdir(parent);
  }
  for (const entry of fs.readdirSync(path.join(repository, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) copy(name, repository);
    else if (/\.m?py$/.test(name))
      mp.FS.writeFile("/" + name, fs.readFileSync(path.join(repository, name)));
  }
}
// What the interpreter says of its memory, block by block: of the reserved part how much is free and
// its largest free piece, and what is used elsewhere, in bytes.
function layout(start, n) {
  heard.length = 0;
  hears = true;
  mp.runPython("import micropython\nmicropython.mem_info(1)");
  hears = false;
  let pool = 0;
  let [used, elsewhere, largest, last] = [0, 0, 0, start];
  for (const line of heard) {
    pool = parseInt(/from (?:0x)?([0-9a-f]+):/.exec(line)?.[1] ?? pool.toString(16), 16);
    const [, offset, blocks] = /^([0-9a-f]{8}): ([^\r]*)/.exec(line) ?? [0, 0, ""];
    for (let i = 0; i < blocks.length; i++) {
      if (blocks[i] === ".") continue;
      const at = pool + parseInt(offset, 16) + 16 * i;
      if (at < start || at >= start + n) {
        elsewhere += 16;
        continue;
      }
      used += 16;
      largest = Math.max(largest, at - last);
      last = at + 16;
    }
  }
  return [n - used, Math.max(largest, start + n - last), elsewhere];
}
const compiled = probeFolder ? ["firmware", "drivers"] : [];
for (const folder of FOLDERS)
  copy(folder, compiled.includes(folder) ? probeFolder : repository);
mp.FS.writeFile("/tools/__init__.py", "");

mp.globals.set("config_path", configPath);
try {
  mp.runPython(`
import sys
sys.path[:0] = ["/firmware", "/"]
import tools.sim.host_wasm as host
`);
  if (script) {
    mp.runPython(fs.readFileSync(script, "utf8"));
    process.exit(0);
  }
  let reserved = probeFolder ? 1 : 0; // then the address of the reserved heap
  if (probeFolder) mp.runPython(fs.readFileSync(path.join(probeFolder, "probe.py"), "utf8"));
  while (reserved === 1 || reserved === true) {
    mp.runPython("import gc\nreserved = next(reserve)\ngc.collect()");
    reserved = mp.globals.get("reserved");
  }
  mp.runPython(`
from tools.sim.runner import finish, start
run = start(host, config_path)
`);
  const probe = () => {
    if (!probeFolder) return;
    mp.runPython("asked = probe(run)\ngc.collect()"); // when the call ends
    if (mp.globals.get("asked")) mp.runPython(`note(run, ${layout(reserved, config.heap_bytes)})`);
  };
  const slice = probeFolder ? `1000, ${config.slice_steps}` : SLICE_MS;
  probe();
  do {
    mp.runPython(`more = run.slice(${slice}); now_ms = run.world.ms`);
    probe();
    fs.writeSync(1, `@ ${mp.globals.get("now_ms")}\n`);
  } while (mp.globals.get("more"));
  mp.runPython("status = finish(host, run)");
} catch (error) {
  // Node would print the whole of the interpreter's minified source before it.
  fs.writeSync(2, error.message + "\n");
  process.exit(2);
}
process.exit(mp.globals.get("status"));
