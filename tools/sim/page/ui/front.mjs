// The camera from the front, as the person sees it: display, lamp, vibration.

import { toRGBA } from "../machine/pixels.mjs";
import { bodyOf } from "./bodies.mjs";
import { $, make, put, set } from "./dom.mjs";
import { language, say } from "./words.mjs";

const UNLIT = [139, 144, 151];

/** Draws one board; `touched(x, y)` hears of fingers on the glass, in the display's pixels. */
export class Front {
  constructor(data, touched) {
    this.data = data;
    this.touched = touched;
  }

  /** Draw the body of `board`. */
  draw(board) {
    const { box, display, drawing } = bodyOf(board);
    const size = this.data.boards[board].display_px;
    const place = $("body");
    place.innerHTML = `<svg viewBox="${box.join(" ")}" aria-hidden="true">${drawing}</svg>`;
    this.canvas = make("canvas", { id: "display", width: size[0], height: size[1] });
    this.glass = make("button", { type: "button", class: "glass", id: "glass" }, this.canvas);
    const [left, top, width, height] = display;
    const across = (width * size[0]) / size[1] / (width / height);
    const shift = (width - Math.min(width, across)) / 2;
    const percent = (value, of) => `${(100 * value) / of}%`;
    this.glass.style.left = percent(left + shift - box[0], box[2]);
    this.glass.style.top = percent(top - box[1], box[3]);
    this.glass.style.width = percent(width - 2 * shift, box[2]);
    this.glass.style.height = percent(height, box[3]);
    this.glass.onclick = (event) => this.touch(event);
    place.append(this.glass);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.image = this.context.createImageData(size[0], size[1]);
    this.image.data.fill(255);
    this.pixels(new Uint8Array(2 * size[0] * size[1]), size[0], 0);
  }

  touch(event) {
    const { width, height } = this.canvas;
    const box = this.canvas.getBoundingClientRect();
    const key = !event.detail; // by keyboard: the middle
    const x = key ? width / 2 : ((event.clientX - box.left) * width) / box.width;
    const y = key ? height / 2 : ((event.clientY - box.top) * height) / box.height;
    this.touched(Math.floor(x), Math.floor(y));
  }

  /** Show what the display chip shows: RGB565, high byte first; `light` is its backlight in percent. */
  pixels(pixels, width, light) {
    toRGBA(pixels, this.image.data);
    this.context.putImageData(this.image, 0, 0);
    // The picture stays exact; how bright it is belongs to the glass.
    this.canvas.style.filter = light ? `brightness(${0.55 + (0.45 * light) / 100})` : "none";
    this.lit = light > 0;
  }

  /** Follow the camera's state: lamp, vibration, and words for who cannot see the display. */
  follow(state) {
    this.lamp(state.lamp);
    $("body").classList.toggle("vibrates", state.motor_pct > 0);
    const words = this.data.words.stages[state.stage][language.is];
    const what = this.lit ? words : say("display_dark");
    set(this.glass, "aria-label", say("display_says", { what }));
  }

  lamp(rgb) {
    const key = rgb.join();
    if (key === this.lampIs) return;
    this.lampIs = key;
    const brightest = Math.max(...rgb);
    const light = Math.min(1, brightest / 80) ** 0.5;
    const color = rgb.map((value) => (brightest ? 70 + (185 * value) / brightest : 0));
    const mixed = UNLIT.map((value, i) => Math.round(value + (color[i] - value) * light));
    $("lamp").setAttribute("fill", `rgb(${mixed})`);
    $("shine").setAttribute("fill", `rgb(${color.map(Math.round)})`);
    $("shine").setAttribute("opacity", String(0.85 * light));
  }

  /** Say in words what is felt and heard. */
  feel(state, tone) {
    const words = [];
    if (state.motor_pct) words.push(say("vibrates"));
    if (tone) words.push(say("tone", { hz: tone }));
    put($("felt"), words.join(" "));
  }
}
