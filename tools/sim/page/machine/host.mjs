// `_host` in the page: what tools/sim/host_wasm.py calls. It works on the interpreter's memory.

import { cbc, ecb } from "@noble/ciphers/aes.js";

import { bytes, crc16, double, port } from "../../wasm_port.mjs";
import { encryptCBC } from "./aes.mjs";

const NO_PADDING = { disablePadding: true };

const words = (address, n) => new Int32Array(port.memory.buffer, address, n);
const pixels = (address, n) => new Uint16Array(port.memory.buffer, address, n);

/**
 * Return the host's functions.
 * @param {import("./stores.mjs").Files} files
 * @param {import("./lens.mjs").Lens} lens what stands before the camera
 * @param {(name: string, ...facts: any[]) => void} tell
 * @param {(n: number) => number} memory gives the address of `n` bytes beside the heap
 */
export function makeHost(files, lens, tell, memory) {
  const store = (id) => files.stores[id];
  return {
    open: (name) => files.names[name] ?? -2,
    sectors: (id) => Math.floor(store(id).sizeBytes / 512),
    odd_bytes: (id) => store(id).sizeBytes % 512,
    read: (id, lba, at, address, n) => store(id).read(lba * 512 + at, bytes(address, n)),
    write: (id, lba, at, address, n) => store(id).write(lba * 512 + at, bytes(address, n)),
    sync() {},
    close() {},
    crc16,
    double,
    memory,
    wipe: (address, n) => void bytes(address, n).fill(0),
    aes,
    look: (ms, mood) => lens.look(ms, mood),
    picture: (address, width, height) => lens.picture(bytes(address, 2 * width * height), width, height),
    jpeg(address, width, height, quality, to) {
      const pixels = address ? bytes(address, 2 * width * height) : lens.seen.pixels;
      const jpeg = lens.encode(pixels, width, height, quality);
      bytes(to, jpeg.length).set(jpeg);
      return jpeg.length;
    },
    turn_rows(gram, rowBytes, mirrored, first, end) {
      const flags = bytes(mirrored, end);
      for (let row = first; row < end; row++)
        if (flags[row]) pixels(gram + row * rowBytes, rowBytes / 2).reverse();
      flags.fill(0, first, end);
    },
    put_columns(gram, rowBytes, x0, x1, y0, y1, sent, n) {
      const [to, from, width] = [pixels(gram, ((y1 + 1) * rowBytes) / 2), pixels(sent, n / 2), rowBytes / 2];
      for (let x = x0, at = 0; x <= x1; x++)
        for (let y = y0; y <= y1 && at < from.length; y++) to[y * width + x] = from[at++];
    },
    show: (address, n, width, light) => tell("display", bytes(address, n).slice(), width, light),
    tell,
  };
}

function aes(state, source, target, n) {
  const [key, keyBytes, iv, encrypts] = new Int32Array(port.memory.buffer, state, 4);
  const secret = bytes(key, keyBytes);
  if (encrypts && iv && !((iv | source | target) & 3))
    return encryptCBC(secret, words(iv, 4), words(source, n / 4), words(target, n / 4));
  const chain = iv ? bytes(iv, 16) : null;
  const data = bytes(source, n);
  const last = chain && n ? data.slice(n - 16) : null;
  const cipher = chain ? cbc(secret, chain, NO_PADDING) : ecb(secret, NO_PADDING);
  const out = encrypts ? cipher.encrypt(data) : cipher.decrypt(data);
  bytes(target, n).set(out);
  if (chain && n) chain.set(encrypts ? out.subarray(n - 16) : last);
}
