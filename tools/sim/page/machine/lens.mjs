// What stands before the camera: the built-in scene, or pictures that the page sends (webcam, video).

import { drawScene, HEIGHT, MOODS, WIDTH } from "../scene/scene.mjs";
import { JPEGEncoder } from "./jpeg.mjs";
import { toRGB565 } from "./pixels.mjs";

const rgba = new Uint8ClampedArray(WIDTH * HEIGHT * 4);

/** The pictures of one camera. `sent` is the newest RGBA picture from outside, or null. */
export class Lens {
  constructor() {
    this.sent = null;
    this.encoder = null;
  }

  /** Fill `out` with what is seen at `ms`, as RGB565 with the high byte first. */
  picture(ms, mood, out) {
    // One mood more stands still: for pictures that no millisecond may change.
    if (!this.sent) drawScene(rgba, mood < MOODS.length ? ms : 0, mood);
    toRGB565(this.sent ?? rgba, out);
  }

  /** Give the middle of a picture in another size: the nearest pixel of each. */
  fit(from, width, height, to, showWidth, showHeight) {
    const scale = Math.min(width / showWidth, height / showHeight);
    const [left, top] = [(width - showWidth * scale) / 2, (height - showHeight * scale) / 2];
    for (let y = 0, at = 0; y < showHeight; y++) {
      const row = Math.floor(top + (y + 0.5) * scale) * width;
      for (let x = 0; x < showWidth; x++, at += 2) {
        const pixel = 2 * (row + Math.floor(left + (x + 0.5) * scale));
        to[at] = from[pixel];
        to[at + 1] = from[pixel + 1];
      }
    }
  }

  /** Return the JPEG of RGB565 pixels, as the camera's encoder does; the bytes are used again. */
  encode(pixels, width, height, quality) {
    this.encoder ??= new JPEGEncoder(width, height, quality);
    return this.encoder.encode(pixels);
  }
}
