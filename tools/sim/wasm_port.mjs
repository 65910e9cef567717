// What every host of MicroPython's WebAssembly port does alike: Node (wasm_host.mjs) and the page.

import { leaps } from "./wasm_leap.mjs";

/** The interpreter's memory, once it is loaded. */
export const port = { memory: null };

const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (source, imports) => {
  const complete = leaps(imports);
  const result = await instantiate(source, imports);
  const { exports } = result.instance ?? result;
  complete(exports);
  port.memory = exports.memory;
  return result;
};

/** Return a view of `n` bytes of the interpreter's memory. */
export const bytes = (address, n) => new Uint8Array(port.memory.buffer, address, n);

// CRC_TABLES[k][byte]: what a byte with k bytes after it does to the CRC.
const CRC_TABLES = [new Uint16Array(256)];
for (let i = 0; i < 256; i++) {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  CRC_TABLES[0][i] = crc;
}
for (let k = 1; k < 4; k++)
  CRC_TABLES[k] = CRC_TABLES[k - 1].map((crc) => (crc << 8) ^ CRC_TABLES[0][crc >> 8]);

/** Return the CRC-16/XMODEM of `n` bytes of the interpreter's memory. */
export function crc16(address, n) {
  const data = bytes(address, n);
  const [T0, T1, T2, T3] = CRC_TABLES;
  let crc = 0;
  let i = 0;
  for (; i < n - 3; i += 4)
    crc = T3[(crc >> 8) ^ data[i]] ^ T2[(crc & 0xff) ^ data[i + 1]] ^ T1[data[i + 2]] ^ T0[data[i + 3]];
  for (; i < n; i++) crc = ((crc << 8) & 0xff00) ^ T0[(crc >> 8) ^ data[i]];
  return crc;
}

/** Give each pixel of a picture twice across and twice down: what bodycam/zoom_viper.py does. */
export function double(source, target, shape) {
  const { buffer } = port.memory;
  const [at, stride, columns, rows] = new Int32Array(buffer, shape, 4);
  const from = new Uint16Array(buffer, source, at + stride * rows);
  const to = new Uint32Array(buffer, target, 2 * columns * rows);
  for (let row = 0; row < rows; row++)
    for (let x = 0; x < columns; x++) {
      const i = 2 * columns * row + x;
      to[i] = to[i + columns] = from[at + stride * row + x] * 0x10001;
    }
}
