// The world around the camera: battery, temperature, power, card, clock.

import { $, make, put } from "./dom.mjs";
import { language, say } from "./words.mjs";

const HOUR_S = 3600;
const SETTLE_MS = 500; // until the camera's world has followed a hand

/** Builds the controls; `act(verb, ...args)` does an act, `now()` gives the camera's last state. */
export class World {
  constructor(act, now) {
    this.act = act;
    this.now = now;
    this.changed = {};
    $("world_parts").addEventListener("input", (event) => (this.changed[event.target.id] = performance.now()));
    const button = (id, ...act) =>
      make("button", { type: "button", id, "data-t": id, onclick: () => this.act(...act) });
    const group = (...nodes) => make("div", { class: "group" }, ...nodes);
    const panel = (title, ...nodes) =>
      make("div", { class: "panel" }, make("h3", { "data-t": title }), ...nodes);
    $("world_parts").append(
      panel(
        "the_battery",
        this.range("battery", 0, 100, "%", (value) => act("battery", value)),
        this.drain(),
        this.range("temperature", -20, 70, "°C", (value) => act("temperature", value * 10)),
      ),
      panel("power", this.check("cable"), this.check("dock"), group(button("cut", "cut"), button("boot", "boot"))),
      panel(
        "the_card",
        make("p", { class: "quiet", id: "card_is" }),
        group(
          button("card_in", "card", "in"),
          button("card_out", "card", "out"),
          button("card_full", "card", "full"),
          button("card_slow", "card", "slow", 400),
          button("card_moody", "card", "moody"),
          button("card_dead", "card", "dead"),
        ),
      ),
      panel(
        "the_clock",
        make("p", { class: "quiet", id: "clock_says" }),
        group(
          make("button", { type: "button", id: "clock_right", "data-t": "clock_right", onclick: () => act("clock", now().unix_s) }),
          make("button", { type: "button", id: "clock_late", "data-t": "clock_late", onclick: () => act("clock", now().unix_s - 2 * HOUR_S) }),
          button("clock_unset", "clock", null),
          button("clock_wild", "clock", "wild"),
        ),
      ),
    );
  }

  range(id, min, max, unit, change) {
    const input = make("input", { type: "range", id, min, max, value: 0, "data-l": id });
    const output = make("output", { id: `${id}_is`, for: id });
    input.oninput = () => put(output, `${input.value} ${unit}`);
    input.onchange = () => change(Number(input.value));
    return make("label", { class: "line" }, make("span", {}, make("span", { "data-t": id }), output), input);
  }

  drain() {
    const options = [1, 20, 200].map((n) => make("option", { value: n, "data-t": `drain_${n}` }));
    const select = make("select", { id: "drain" }, ...options);
    select.onchange = () => this.act("drain", Number(select.value));
    return make("label", { class: "line" }, make("span", { "data-t": "drain" }), select);
  }

  check(id) {
    const input = make("input", { type: "checkbox", id });
    input.onchange = () => this.act(id, input.checked);
    return make("label", { class: "check" }, input, make("span", { "data-t": id }));
  }

  /** Show how the world is. */
  follow(state) {
    this.set("battery", state.battery_pct, "%");
    this.set("temperature", Math.round(state.temperature_c10 / 10), "°C");
    for (const id of ["cable", "dock"]) if (this.settled(id)) $(id).checked = state[id];
    if (this.settled("drain")) $("drain").value = String(state.drain);
    const [inserted, full, , dead] = state.card;
    const what = !inserted ? "out" : dead ? "dead" : full ? "full" : "in";
    put($("card_is"), say("card_is", { what: say(`card_is_${what}`) }));
    const time = state.trust ? new Date(state.utc_s * 1000).toLocaleString(["de", "en"][language.is], { timeZone: "UTC" }) + " UTC" : say("unknown");
    put($("clock_says"), say("clock_says", { time }));
  }

  settled(id) {
    return performance.now() - (this.changed[id] ?? -Infinity) > SETTLE_MS;
  }

  set(id, value, unit) {
    const input = $(id);
    const there = value !== null;
    input.disabled = !there;
    if (input.matches(":active") || !this.settled(id)) return;
    if (there) input.value = value;
    put($(`${id}_is`), there ? `${value} ${unit}` : say("unknown"));
  }
}
