// The time controls: pause, step, as fast as the clock, faster.

import { SHIFT_SPEED } from "../machine/pace.mjs";
import { $, clock, make, put } from "./dom.mjs";
import { number, say } from "./words.mjs";

const STEP_MS = 100;
const SHORT = 0.9; // of the speed that was asked for: the page says what it reaches
const SMOOTH = 0.1;
const SETTLE_MS = 3000; // after a load or another speed: what is reached by then says nothing
const HAND_MS = 2000; // after a hand let go: it may press again
const SPEEDS = [["pause", 0], ["step", null], ["speed_1", 1], ["speed_60", 60], ["speed_shift", SHIFT_SPEED]]; // prettier-ignore

/** Sets the speed of `camera`. While a hand is at its button, time runs no faster than the clock. */
export class Time {
  constructor(camera) {
    this.camera = camera;
    this.speed = this.reached = 1;
    this.sent = performance.now();
    this.slowed = false;
    for (const [key, speed] of SPEEDS) {
      const onclick = () => (speed === null ? this.step() : this.set(speed));
      $("speeds").append(make("button", { type: "button", id: key, "data-t": key, onclick }));
    }
  }

  /** Let time run `speed` times as fast as the clock; 0 stands still. */
  set(speed) {
    this.speed = this.reached = speed;
    this.send();
    for (const [key, value] of SPEEDS)
      if (value !== null) $(key).setAttribute("aria-pressed", String(value === speed));
  }

  send() {
    this.sent = performance.now();
    this.camera.send("speed", this.slowed ? Math.min(1, this.speed) : this.speed);
  }

  /** Hear that a hand pressed the button, or let it go. */
  hand(down) {
    clearTimeout(this.letting);
    if (down) this.slow(true);
    else this.letting = setTimeout(() => this.slow(false), HAND_MS);
  }

  slow(on) {
    this.slowed = on;
    if (this.speed > 1) this.send();
  }

  step() {
    this.set(0);
    this.runTo(this.camera.ms + STEP_MS);
  }

  /** Run as fast as it goes to `ms` and stand still there; resolves there. */
  runTo(ms) {
    this.set(0);
    return new Promise((resolve) => {
      this.arrived = resolve;
      this.camera.send("run_to", ms);
    });
  }

  /** Hear how fast time ran since the last look, and say so where it is slower than was asked for. */
  load(reached) {
    const slowed = this.slowed && this.speed > 1;
    const settling = slowed || performance.now() - this.sent < SETTLE_MS;
    this.reached = settling ? this.speed : this.reached + (reached - this.reached) * SMOOTH;
    const short = this.speed && this.reached < SHORT * this.speed;
    const key = slowed ? "pace_hand" : short && "pace";
    put($("pace"), key ? say(key, { n: number(this.reached, this.reached < 10 ? 1 : 0) }) : "");
  }

  follow(state) {
    put($("clock"), clock(state.ms));
  }
}
