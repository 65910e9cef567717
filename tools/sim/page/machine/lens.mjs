// What stands before the camera: the built-in scene, or pictures that the page sends (webcam, video).

import { drawScene, HEIGHT, MOODS, pictureAt, WIDTH } from "../scene/scene.mjs";
import { JPEGEncoder } from "./jpeg.mjs";
import { toRGB565 } from "./pixels.mjs";

const rgba = new Uint8ClampedArray(WIDTH * HEIGHT * 4);

const seenOf = (rgba) => {
  const pixels = new Uint8Array(2 * WIDTH * HEIGHT);
  toRGB565(rgba, pixels);
  return { pixels, jpeg: null };
};

const words = (data) => new Uint32Array(data.buffer, data.byteOffset, data.length / 4);

function same(a, b) {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  const [one, other] = [words(a), words(b)];
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** The pictures of one camera. Each is drawn, and encoded, when it is first asked for, and kept. */
export class Lens {
  constructor() {
    this.sent = this.seen = this.encoder = null;
    this.film = [];
    this.mood = 0;
  }

  /** Take the newest RGBA picture from outside; null: there is none, the built-in scene is seen. */
  take(rgba) {
    this.sent = rgba && seenOf(rgba);
  }

  /** Look at what is there at `ms`: `picture` and `encode` are about it. */
  look(ms, mood) {
    this.seen = this.sent ?? this.scene(ms, mood);
  }

  scene(ms, mood) {
    if (mood !== this.mood) this.film = [];
    this.mood = mood;
    // One mood more stands still: for pictures that no millisecond may change.
    const i = mood < MOODS.length ? pictureAt(ms) : 0;
    if (!this.film[i]) {
      drawScene(rgba, i, mood);
      this.film[i] = seenOf(rgba);
    }
    return this.film[i];
  }

  /** Fill `out` with the middle of what is seen, as RGB565 with the high byte first. */
  picture(out, width, height) {
    const from = this.seen.pixels;
    if (out.length === from.length) return out.set(from);
    const scale = Math.min(WIDTH / width, HEIGHT / height);
    const [left, top] = [(WIDTH - width * scale) / 2, (HEIGHT - height * scale) / 2];
    for (let y = 0, at = 0; y < height; y++) {
      const row = Math.floor(top + (y + 0.5) * scale) * WIDTH;
      for (let x = 0; x < width; x++, at += 2) {
        const pixel = 2 * (row + Math.floor(left + (x + 0.5) * scale));
        out[at] = from[pixel];
        out[at + 1] = from[pixel + 1];
      }
    }
  }

  /** Return the JPEG of RGB565 pixels, as the camera's encoder does; it must not be changed. */
  encode(pixels, width, height, quality) {
    this.encoder ??= new JPEGEncoder(width, height, quality);
    const { seen } = this;
    if (!same(pixels, seen.pixels)) return this.encoder.encode(pixels);
    return (seen.jpeg ??= this.encoder.encode(pixels).slice());
  }
}
