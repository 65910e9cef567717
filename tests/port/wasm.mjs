// Runs one Python script on MicroPython's WebAssembly port under Node:
//   node wasm.mjs [-X heapsize=BYTES] SCRIPT
// The port sees no files but its own, so the folders that a script may import are copied in.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

import "../../tools/sim/wasm_port.mjs"; // as the simulator leaps: more than twice as fast

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const FOLDERS = ["boards", "drivers", "firmware", "tools", "tests/port"];

const words = process.argv.slice(2);
const script = words.pop();
const heapBytes = Number(words[1]?.split("=")[1] ?? 8 << 20);
const say = (text) => fs.writeSync(1, text + "\n");

const port = await loadMicroPython({ heapsize: heapBytes, stdout: say, linebuffer: true });
for (const folder of FOLDERS)
  for (const name of fs.readdirSync(path.join(ROOT, folder), { recursive: true }))
    if (name.endsWith(".py")) {
      const target = path.posix.join("/", folder, name.replaceAll("\\", "/"));
      port.FS.mkdirTree(path.posix.dirname(target));
      port.FS.writeFile(target, fs.readFileSync(path.join(ROOT, folder, name)));
    }
try {
  port.runPython('import sys\nsys.path[:0] = ["/firmware", "/"]');
  port.runPython(fs.readFileSync(script, "utf8"));
} catch (error) {
  say(String(error.message ?? error));
  process.exitCode = 1;
}
