// What the camera's thread of the page is made of, without a browser: node machine.mjs
// Prints JSON: what test_machine.py looks at.

import { encryptCBC } from "../../tools/sim/page/machine/aes.mjs";
import { Lens } from "../../tools/sim/page/machine/lens.mjs";

const told = {};

// SP 800-38A, F.2.1 and F.2.5: two blocks in two calls, as the firmware's blocks follow each other.
const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const words = (data) => new Int32Array(data.buffer);
const plain = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
told.cbc = ["2b7e151628aed2a6abf7158809cf4f3c", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"].map((key) => {
  const chain = words(bytes("000102030405060708090a0b0c0d0e0f"));
  const out = new Uint8Array(32);
  for (const at of [0, 4])
    encryptCBC(bytes(key), chain, words(plain).subarray(at, at + 4), words(out).subarray(at, at + 4));
  return Buffer.from(out).toString("hex");
});

const lens = new Lens();
const [pixels, other] = [new Uint8Array(320 * 240 * 2), new Uint8Array(320 * 240 * 2)];
const encoded = () => Buffer.from(lens.encode(pixels, 320, 240, 80)).toString("base64");
const seen = (ms, mood) => {
  lens.look(ms, mood);
  lens.picture(other, 320, 240);
  return Buffer.compare(pixels, other) === 0;
};
lens.look(5000, 0);
lens.picture(pixels, 320, 240);
told.jpeg = [encoded(), encoded()];
told.again = [seen(17_000, 0), seen(5100, 0), seen(5000, 2), seen(5000, 0)];
pixels.fill(0, 0, 640 * 60); // what the firmware paints into a picture is in its JPEG
told.painted = encoded();

// A computer whose clock is turned by hand, and a camera that is a hundred times as fast.
let now = 0;
let due = null;
performance.now = () => now;
globalThis.setTimeout = (turn) => (due = turn);
globalThis.MessageChannel = class {
  port1 = {};
  port2 = { postMessage: () => (due = this.port1.onmessage) };
};
const { Pace, SHIFT_SPEED } = await import("../../tools/sim/page/machine/pace.mjs");
const camera = { ms: 0, look() {} };
camera.slice = (ms) => {
  now += ms / 100;
  return (camera.ms += ms);
};
const pace = new Pace(camera, () => {});

/** Let `ms` of the clock pass, the first `stalled` of them without a turn; return the camera's. */
function pass(ms, stalled = 0) {
  const [began, before] = [now, camera.ms];
  now += stalled;
  while (now < began + ms) {
    now += 1;
    due();
  }
  return camera.ms - before;
}
pace.set(1);
told.pace = [pass(5000), pass(5000, 900), pass(5000, 3000)].map(Math.round);
told.late = Math.round(pace.late);
pace.set(SHIFT_SPEED);
const slow = pass(4000);
camera.slice = (ms) => {
  now += ms / 10_000;
  return (camera.ms += ms);
};
told.shift = [slow, pass(6000)].map((ms) => ms / SHIFT_SPEED / 1000);
console.log(JSON.stringify(told));
process.exit(0);
