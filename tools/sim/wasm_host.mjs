// Runs the simulation on MicroPython's WebAssembly port, under Node 18 or later:
//   node wasm_host.mjs MICROPYTHON_PACKAGE_FOLDER REPOSITORY CONFIG.json [SCRIPT.py [FOLDER]]
// With SCRIPT that runs instead of the configuration's; it finds `host` and `config_path`.
// With FOLDER and "" for SCRIPT, firmware/ and drivers/ there are used, and its probe.py: that has
// probe(run, heap), called before the run and after every slice, which are short then. heap is
// (total, used, free, largest piece free), bytes after a collection.
// `_host` is what tools/sim/host_wasm.py calls; it works on the interpreter's memory in place.

import { createCipheriv, createDecipheriv } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { bytes, crc16, double, port } from "./wasm_port.mjs";

const HEAP_BYTES = 24 * 1024 * 1024;
const SLICE_MS = 60_000; // of virtual time, at most: slice() also counts the firmware's steps
const FOLDERS = ["boards", "drivers", "firmware", "tools/sim"];
const PROBED_SLICE = "1000, 250"; // milliseconds and steps, with a probe
const [, , packageFolder, repository, configPath, script, probeFolder] = process.argv;

let heard = ""; // what was printed, with a probe

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
const mp = await loadMicroPython({
  heapsize: JSON.parse(fs.readFileSync(configPath)).heap_bytes ?? HEAP_BYTES,
  stdout: (text) => {
    if (probeFolder) heard += text + "\n";
    fs.writeSync(1, text + "\n");
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
  mp.runPython(`
from tools.sim.runner import finish, start
run = start(host, config_path)
`);
  if (probeFolder) mp.runPython(fs.readFileSync(path.join(probeFolder, "probe.py"), "utf8"));
  const probe = () => {
    if (!probeFolder) return;
    mp.runPython("import gc, micropython\nrun.camera.pixels()\ngc.collect()"); // when it ends
    heard = "";
    mp.runPython("micropython.mem_info()");
    const [total, used, free] = heard.match(/total: (\d+), used: (\d+), free: (\d+)/).slice(1);
    const largest = 16 * heard.match(/max free sz: (\d+)/)[1];
    mp.runPython(`probe(run, (${total}, ${used}, ${free}, ${largest}))`);
  };
  probe();
  do {
    mp.runPython(`more = run.slice(${probeFolder ? PROBED_SLICE : SLICE_MS}); now_ms = run.world.ms`);
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
