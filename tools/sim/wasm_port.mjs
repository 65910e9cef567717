// What every host of MicroPython's WebAssembly port does alike: Node (wasm_host.mjs) and the page.

/** The interpreter's memory, once it is loaded. */
export const port = { memory: null };

const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...args) => {
  const result = await instantiate(...args);
  const all = Object.values((result.instance ?? result).exports);
  port.memory = all.find((value) => value instanceof WebAssembly.Memory) ?? port.memory;
  return result;
};

// The interpreter's build asserts at each Python call that its copy of the function table is right,
// with this function, which is slow; the table never changes.
const slowGet = WebAssembly.Table.prototype.get;
const table = [];
WebAssembly.Table.prototype.get = function (i) {
  return (table[i] ??= slowGet.call(this, i));
};

/** Return a view of `n` bytes of the interpreter's memory. */
export const bytes = (address, n) => new Uint8Array(port.memory.buffer, address, n);

const crcTable = new Uint16Array(256).map((_, i) => {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

/** Return the CRC-16/XMODEM of `n` bytes of the interpreter's memory. */
export function crc16(address, n) {
  const data = bytes(address, n);
  let crc = 0;
  for (let i = 0; i < n; i++) crc = ((crc << 8) & 0xff00) ^ crcTable[(crc >> 8) ^ data[i]];
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
