// Drives the camera's virtual time by the computer's clock.

const TURN_MS = 20; // how often it looks at the clock
const LOOK_MS = 50; // how often the page hears of the camera
const HURRY_LOOK_MS = 100; // and when its time is faster than the clock
const BUSY_MS = 40; // how long one turn may work at normal speed
const HURRY_MS = 45; // and at any other
const SLICE_MS = 2000; // of virtual time in one call
const FROZEN_MS = 1000; // a longer time between two turns was none of the camera's: it is let go
// How much of the clock's time the camera may be behind and still make up for; the rest is let go.
const BEHIND_MS = 2000;
const SHIFT_BEHIND_MS = 20_000; // at the speed at which a whole shift counts, and no moment of it

/** Lets a shift of 12 hours pass within a minute, with some time to spare. */
export const SHIFT_SPEED = 900;

/** Speed is virtual time over real time; 0 stands still. */
export class Pace {
  /**
   * @param {{slice: (ms: number) => number, look: () => void}} camera
   * @param {(...message: any[]) => void} tell
   */
  constructor(camera, tell) {
    this.camera = camera;
    this.tell = tell;
    this.speed = 0;
    this.until = Infinity;
    this.now = 0; // virtual
    this.wanted = 0;
    this.busy = 0;
    this.began = 0; // virtual, at the last look
    this.late = 0; // milliseconds of virtual time that were let go
    this.last = this.looked = performance.now();
    this.soon = new MessageChannel(); // a timer would wait 4 ms
    this.soon.port1.onmessage = () => this.turn();
    setTimeout(() => this.turn(), 0);
  }

  /** Set the speed. */
  set(speed) {
    this.speed = speed;
    this.until = Infinity;
    this.wanted = this.now;
    this.last = performance.now();
  }

  /** Run to a virtual time as fast as it goes, and stand still there. */
  runTo(ms) {
    this.set(100_000);
    this.until = ms;
  }

  turn() {
    const began = performance.now();
    this.follow(began);
    this.last = began;
    const done = performance.now();
    this.busy += done - began;
    if (began - this.looked >= (this.speed > 1 ? HURRY_LOOK_MS : LOOK_MS)) this.look(done);
    if (this.now < Math.min(this.wanted, this.until)) this.soon.port2.postMessage(0);
    else setTimeout(() => this.turn(), Math.max(1, TURN_MS - (done - began)));
  }

  follow(began) {
    if (!this.speed) return;
    const { speed } = this;
    const asked = this.wanted + (began - this.last) * speed;
    const counted = this.wanted + Math.min(began - this.last, FROZEN_MS) * speed;
    const behind = speed < SHIFT_SPEED ? BEHIND_MS : SHIFT_BEHIND_MS;
    this.wanted = Math.min(counted, this.now + behind * speed);
    if (speed === 1) this.late += asked - this.wanted;
    const target = Math.min(this.wanted, this.until);
    const budget = speed > 1 ? HURRY_MS : BUSY_MS;
    while (this.now < target && performance.now() - began < budget)
      this.now = this.camera.slice(Math.ceil(Math.min(target - this.now, SLICE_MS)));
    if (this.now >= this.until) {
      this.set(0);
      this.look(performance.now());
      this.tell("arrived", this.now);
    }
  }

  look(now) {
    this.camera.look();
    const took = performance.now() - now;
    this.busy += took;
    const passed = now - this.looked;
    this.tell("load", this.busy / passed, (this.now - this.began) / passed, Math.round(this.late));
    this.busy = 0;
    this.began = this.now;
    this.looked = now;
  }
}
