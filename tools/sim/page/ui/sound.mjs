// The camera's tones, with Web Audio. Browsers allow it only after a hand was on the page.

/** Plays tones as the simulated amplifier hears them. */
export class Sound {
  constructor() {
    this.on = true;
    this.played = new Map(); // start of a tone: how much of it, and until when
    this.now = 0;
    this.hz = 0;
    this.until = 0;
    for (const name of ["pointerdown", "keydown"])
      addEventListener(name, () => this.wake(), { passive: true });
  }

  wake() {
    if (!globalThis.AudioContext) return; // the tones are written below the camera, too
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") this.context.resume();
  }

  /** Hear the tones [start ms, Hz, ms] of the camera, whose time is `now` and runs `speed` times. */
  follow(tones, now, speed) {
    if (now < this.now) this.played.clear(); // another camera
    this.now = now;
    for (const [start, hz, ms] of tones) {
      if (now - start > ms + 400) continue;
      this.hz = hz;
      this.until = start + ms;
      if (speed === 1 && this.on && this.context?.state === "running") this.play(start, hz, ms);
    }
    if (now > this.until) this.hz = 0;
    return this.hz;
  }

  // A tone is told while it still sounds, and again when it has grown: then only the rest is played.
  play(start, hz, ms) {
    const { context } = this;
    const begin = context.currentTime + 0.01;
    const known = this.played.get(start) ?? { ms: 0, end: begin };
    if (ms <= known.ms) return;
    const end = Math.max(begin, known.end) + (ms - known.ms) / 1000;
    this.played.set(start, { ms, end });
    const volume = context.createGain();
    volume.gain.value = 0.12;
    volume.connect(context.destination);
    const node = context.createOscillator();
    node.frequency.value = hz;
    node.connect(volume);
    node.start(Math.max(begin, known.end));
    node.stop(end);
  }
}
