// RGB565, high byte first, as the camera's chips have it.

/** Turn RGBA into RGB565. */
export function toRGB565(from, to) {
  for (let i = 0, j = 0; j < to.length; i += 4, j += 2) {
    to[j] = (from[i] & 0xf8) | (from[i + 1] >> 5);
    to[j + 1] = ((from[i + 1] & 0x1c) << 3) | (from[i + 2] >> 3);
  }
}

/** Turn RGB565 into RGBA. */
export function toRGBA(from, to) {
  for (let i = 0, j = 0; i < from.length; i += 2, j += 4) {
    const pixel = (from[i] << 8) | from[i + 1];
    const [r, g, b] = [pixel >> 11, (pixel >> 5) & 63, pixel & 31];
    to[j] = (r << 3) | (r >> 2);
    to[j + 1] = (g << 2) | (g >> 4);
    to[j + 2] = (b << 3) | (b >> 2);
    to[j + 3] = 255;
  }
}
