// The camera's thread: MicroPython with the firmware, driven by the computer's clock.
//
// From the page: start, act, speed, picture, taps, take. To the page: ready, state, display, event,
// traffic, card, broken. Messages are arrays: a name, then facts.

import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

import { makeHost } from "./host.mjs";
import { Lens } from "./lens.mjs";
import { Pace } from "./pace.mjs";
import { Files, Store } from "./stores.mjs";

const HEAP_BYTES = 64 * 1024 * 1024;

const files = new Files();
const lens = new Lens();
const tell = (...message) => self.postMessage(message);
let camera = null;

const hands = {
  async start(parts, config) {
    const began = performance.now();
    const python = await interpreter(parts.wasm, parts.sources);
    files.add("card", new Store(parts.card.sizeBytes, parts.card.pieces));
    files.add("camera/log.bin", new Store(parts.logBytes, [[0, parts.log]], 0xff));
    python.registerJsModule("_host", makeHost(files, lens, tell, python._module._malloc));
    python.globals.set("config_text", JSON.stringify(config));
    python.runPython("import tools.sim.tab as tab\ntab.start(config_text)");
    const call = (name) => python.globals.get("tab")[name];
    camera = { slice: call("slice"), act: call("act"), look: call("look"), taps: call("taps") };
    camera.pace = new Pace(camera, tell);
    tell("ready", Math.round(performance.now() - began));
  },
  act: (verb, ...args) => camera.act(JSON.stringify([verb, ...args])),
  speed: (speed) => camera.pace.set(speed),
  run_to: (ms) => camera.pace.runTo(ms),
  picture: (rgba) => lens.take(rgba),
  taps: (on) => camera.taps(on),
  take: (number) => tell("card", number, store("card"), store("camera/log.bin")),
};

const store = (name) => files.stores[files.names[name]].copy();

async function interpreter(wasm, sources) {
  // No request leaves: what the interpreter would fetch is already here.
  self.fetch = async () => new Response();
  WebAssembly.instantiateStreaming = async (_, imports) => {
    return { module: wasm, instance: await WebAssembly.instantiate(wasm, imports) };
  };
  const python = await loadMicroPython({ heapsize: HEAP_BYTES, stdout() {}, linebuffer: true });
  for (const [name, text] of Object.entries(sources)) {
    python.FS.mkdirTree(name.slice(0, name.lastIndexOf("/")) || "/");
    python.FS.writeFile(name, text);
  }
  python.runPython('import sys\nsys.path[:0] = ["/firmware", "/"]');
  return python;
}

self.onmessage = async ({ data: [name, ...facts] }) => {
  try {
    await hands[name](...facts);
  } catch (error) {
    tell("broken", String(error.message ?? error));
  }
};
