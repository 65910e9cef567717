// Plays recordings from the card, picture by picture at their own pace.

import { make, put } from "./dom.mjs";
import { number, say } from "./words.mjs";

const WRAP = 2 ** 30;
const since = (from, to) => (to - from + WRAP) % WRAP;

/** A player: `node` is its element. */
export class Film {
  constructor(recordings) {
    this.canvas = make("canvas", { width: 320, height: 240, role: "img", "aria-label": say("film"), id: "film" });
    this.button = make("button", { type: "button", class: "primary", id: "play", onclick: () => this.toggle() }, say("play"));
    this.place = make("input", { type: "range", min: 0, value: 0, id: "film_at", "aria-label": say("film") });
    this.place.oninput = () => this.draw(Number(this.place.value));
    this.says = make("p", { class: "quiet" });
    const options = recordings.map(({ recording }, i) => make("option", { value: i }, say("recording_n", { n: recording })));
    const choice = make("select", { "aria-label": say("film"), id: "film_choice" }, ...options);
    choice.onchange = () => this.choose(recordings[choice.value].frames);
    const info = make("div", { class: "info" }, choice, make("div", { class: "row" }, this.button), this.place, this.says);
    this.node = make("div", { class: "film" }, this.canvas, info);
    this.choose(recordings[0].frames);
  }

  choose(frames) {
    this.stop();
    this.frames = frames;
    this.place.max = frames.length - 1;
    this.draw(0);
  }

  async draw(i) {
    this.i = i;
    const frame = this.frames[i];
    const s = number(since(this.frames[0].t_ms, frame.t_ms) / 1000);
    put(this.says, say("film_at", { i: i + 1, n: this.frames.length, s }));
    this.place.value = i;
    try {
      const picture = await createImageBitmap(new Blob([frame.data], { type: "image/jpeg" }));
      this.canvas.getContext("2d").drawImage(picture, 0, 0, 320, 240);
      this.canvas.dataset.drawn = String(i);
    } catch {
      this.canvas.getContext("2d").clearRect(0, 0, 320, 240);
    }
  }

  toggle() {
    if (this.timer) return this.stop();
    if (this.i === this.frames.length - 1) this.draw(0);
    put(this.button, say("stop"));
    this.step();
  }

  step() {
    const next = this.frames[this.i + 1];
    if (!next) return this.stop();
    const wait = Math.min(2000, since(this.frames[this.i].t_ms, next.t_ms));
    this.timer = setTimeout(async () => {
      await this.draw(this.i + 1);
      if (this.timer) this.step();
    }, wait);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    put(this.button, say("play"));
  }
}
