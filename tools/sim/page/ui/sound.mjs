// The camera's tones, with Web Audio. Browsers allow it only after a hand was on the page.

/** Plays tones as the simulated amplifier hears them. */
export class Sound {
  constructor() {
    this.on = true;
    this.playing = new Map(); // start of a tone: its oscillator
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
    for (const [start, hz, ms] of tones) {
      if (now - start > ms + 400) continue;
      this.hz = hz;
      this.until = start + ms;
      if (speed === 1 && this.on && this.context?.state === "running") this.play(start, hz, ms);
    }
    if (now > this.until) this.hz = 0;
    return this.hz;
  }

  play(start, hz, ms) {
    const known = this.playing.get(start);
    const { context } = this;
    if (known) {
      if (ms > known.ms) {
        known.ms = ms;
        known.node.stop(known.from + ms / 1000);
      }
      return;
    }
    const volume = context.createGain();
    volume.gain.value = 0.12;
    volume.connect(context.destination);
    const node = context.createOscillator();
    node.frequency.value = hz;
    node.connect(volume);
    const from = context.currentTime + 0.01;
    node.start(from);
    node.stop(from + ms / 1000);
    this.playing.set(start, { node, from, ms });
    node.onended = () => this.playing.delete(start);
  }
}
