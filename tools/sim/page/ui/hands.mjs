// The button: by mouse, touch and keyboard; what a longer press will do is shown while it is held.

import { $, make, put, putWords, set } from "./dom.mjs";
import { say } from "./words.mjs";

const OFF_MS = 6000;
const STOP_MS = 3000;
const ON_MS = 1000;

// What a hand can do next, by stage.
const NEXT = {
  off: ["next_on"],
  idle: ["next_show", "next_record", "next_off"],
  display_on: ["next_hide", "next_record", "next_off"],
  armed: ["next_hide", "next_record", "next_off"],
  recording: ["next_mark", "next_ask_stop"],
  docked: [],
  fault: ["next_off"],
};

/** `act(verb, ...args)` does an act in the camera's world, `hand(down)` hears of the button. */
export class Hands {
  constructor(act, hand) {
    this.act = act;
    this.hand = hand;
    this.held = false;
    this.since = null; // the camera's time since when it feels the button held
    const key = $("key");
    key.onpointerdown = (event) => {
      if (event.button) return;
      key.setPointerCapture(event.pointerId);
      this.down();
    };
    key.onpointerup = key.onpointercancel = () => this.up();
    key.oncontextmenu = (event) => event.preventDefault();
    key.onblur = () => this.up();
    addEventListener("blur", () => this.up()); // a window that is left hears no key go up
    document.addEventListener("keydown", (event) => this.key(event, true));
    document.addEventListener("keyup", (event) => this.key(event, false));
  }

  key(event, down) {
    const here = document.activeElement === $("key") && ["Enter", " "].includes(event.key);
    const free = [document.body, $("try")].includes(document.activeElement) && event.key === " ";
    if (!here && !free) return;
    event.preventDefault();
    if (!down) this.up();
    else if (!event.repeat) this.down();
  }

  down() {
    if (this.held) return;
    this.held = true;
    $("key").classList.add("down");
    this.hand(true);
    this.act("key", true);
  }

  up() {
    if (!this.held) return;
    this.held = false;
    this.since = null;
    $("key").classList.remove("down");
    this.act("key", false);
    this.hand(false);
    put($("holding"), "");
    $("held").style.strokeDasharray = "0 100";
  }

  show({ ms, stage, button }) {
    if (!this.held || !button) return;
    this.since ??= ms;
    ms -= this.since;
    const limit = { recording: STOP_MS, off: ON_MS }[stage] ?? OFF_MS;
    $("held").style.strokeDasharray = `${Math.min(100, (100 * ms) / limit)} 100`;
    if (ms > 400) put($("holding"), say("holding", { s: Math.floor(ms / 1000) }));
  }

  /** Show what can be done in this state. */
  follow(state) {
    this.show(state);
    const asking = state.stage === "recording" && state.asking;
    const keys = asking ? ["next_stop"] : (NEXT[state.stage] ?? []);
    const list = $("next");
    const words = [...keys, "next_keys"].map((key) => say(key));
    while (list.children.length > words.length) list.lastChild.remove();
    while (list.children.length < words.length) list.append(make("li"));
    words.forEach((text, i) => putWords(list.children[i], text));
    for (const node of list.children) set(node, "class", node === list.lastChild ? "quiet" : "");
  }
}
