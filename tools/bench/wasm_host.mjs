// Runs one worker of the bench on MicroPython's WebAssembly port, under Node:
//   node wasm_host.mjs MICROPYTHON_PACKAGE_FOLDER REPOSITORY HEAP_BYTES CODE
// CODE leaves a generator `worker`, which is asked for one step at a time: the port frees memory
// only between two calls into Python.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const FOLDERS = ["firmware", "tools/bench"];
const [, , packageFolder, repository, heapBytes, code] = process.argv;

const { loadMicroPython } = await import(
  pathToFileURL(path.join(packageFolder, "micropython.mjs")).href
);
const say = (text) => fs.writeSync(1, text + "\n");
const port = await loadMicroPython({
  heapsize: Number(heapBytes),
  stdout: say,
  linebuffer: true,
});
for (const folder of FOLDERS)
  for (const name of fs.readdirSync(path.join(repository, folder), { recursive: true }))
    if (name.endsWith(".py")) {
      const target = path.posix.join("/", folder, name.replaceAll("\\", "/"));
      port.FS.mkdirTree(path.posix.dirname(target));
      port.FS.writeFile(target, fs.readFileSync(path.join(repository, folder, name)));
    }
try {
  port.runPython('import sys\nsys.path[:0] = ["/firmware", "/"]');
  port.runPython(code);
  do port.runPython("ended = next(worker, True)");
  while (!port.globals.get("ended"));
} catch (error) {
  say(String(error.message ?? error));
  process.exitCode = 1;
}
