// What happens inside, for those who look: table, time line, recorder, battery, chips, log.

import { readLog } from "../verify/log.mjs";
import { $, clock, make, put } from "./dom.mjs";
import { told } from "./entries.mjs";
import { named } from "./registers.mjs";
import { language, number, say } from "./words.mjs";

const KEPT = 400; // rows of traffic, and of the time line
const POINTS = 120;

const pick = (pair) => pair[language.is];

/** Fills the drawer while it is open. */
export class Inside {
  constructor(camera, data) {
    this.camera = camera;
    this.data = data;
    this.events = [];
    this.logged = [];
    this.rows = [];
    this.writes = [];
    this.share = 0;
    this.chip = "";
    this.build();
    $("inside").ontoggle = () => this.state && this.follow(this.state);
  }

  build() {
    const panel = (title, width, ...nodes) =>
      make("div", { class: `panel ${width}` }, make("h3", { "data-t": title }), ...nodes);
    this.table = make("tbody");
    const head = ["in_stage", "on_event", "to_stage"].map((key) => make("th", { scope: "col", "data-t": key }));
    const table = make("table", { id: "table" }, make("thead", {}, make("tr", {}, ...head)), this.table);
    const scroll = (title, ...nodes) => make("div", { class: "scroll", tabindex: 0, role: "group", "data-l": title }, ...nodes);
    this.timeline = make("tbody");
    this.bar = make("i");
    this.chart = make("canvas", { class: "line_chart", width: 600, height: 180, role: "img", "data-l": "latency" });
    this.hours = make("tbody");
    this.listen = make("input", { type: "checkbox", id: "listen" });
    this.listen.onchange = () => this.camera.send("taps", this.listen.checked);
    this.chips = make("select", { id: "chips", "data-l": "chips" });
    this.chips.onchange = () => this.showTraffic();
    this.heard = make("pre", { id: "traffic" });
    this.entries = make("tbody", { id: "entries" });
    const read = make("button", { type: "button", class: "plain", id: "read_log", "data-t": "read_log", onclick: () => this.showLog() });
    $("inside_parts").append(
      panel("table", "two", make("p", { class: "quiet", "data-t": "table_word" }), scroll("table", table)),
      panel("recorder", "",
        make("p", { id: "frames" }), make("p", { class: "quiet", "data-t": "ring" }), make("div", { class: "bar" }, this.bar),
        make("p", { class: "quiet", id: "ring_is" }), make("p", { class: "quiet", "data-t": "latency" }), this.chart, make("p", { class: "quiet", id: "load" })),
      panel("line", "two", scroll("line", make("table", { id: "timeline" }, this.timeline))),
      panel("hours", "", make("table", {}, this.hours), make("p", { class: "quiet", id: "hours_why" })),
      panel("chips", "full", make("div", { class: "row" }, make("label", { class: "check" }, this.listen, make("span", { "data-t": "listen" })), this.chips), scroll("chips", this.heard)),
      panel("log", "full", make("div", { class: "row" }, read), scroll("log", make("table", {}, this.entries))),
    );
  }

  /** Begin anew with a board. */
  begin(board) {
    this.board = this.data.boards[board];
    this.events = [];
    this.rows = [];
    this.writes = [];
    this.heardOf = new Set();
    this.listen.checked = false;
    this.chips.replaceChildren(make("option", { value: "" }, say("all_chips")));
    this.heard.textContent = "";
    this.logged = [];
    this.showEntries();
    this.timeline.replaceChildren();
    this.fillTable();
  }

  translate() {
    if (this.board) this.fillTable();
    this.timeline.replaceChildren();
    for (const event of this.events) this.line(event);
    this.showEntries();
    if (this.chips.options[0]) this.chips.options[0].textContent = say("all_chips");
  }

  fillTable() {
    this.table.replaceChildren(
      ...this.data.words.table.map(([stage, event, after]) => {
        const cells = [say(`${stage}_name`), say(`event_${event}`), say(`${after}_name`)].map((text) => make("td", {}, text));
        const row = make("tr", {}, ...cells);
        row.dataset.stage = stage;
        return row;
      }),
    );
    this.live = null;
  }

  event(event) {
    this.events.push(event);
    this.line(event);
    if (this.events.length <= KEPT) return;
    this.events.shift();
    this.timeline.lastChild.remove();
  }

  line({ t_ms, event, from, to, reason }) {
    const { faults } = this.data.words;
    const after = from === to ? "" : `→ ${say(`${to}_name`)}`;
    const why = faults[reason] ? pick(faults[reason])[0] : (reason ?? "");
    const cells = [clock(t_ms), say(`event_${event}`), after, why].map((text) => make("td", {}, text));
    this.timeline.prepend(make("tr", {}, ...cells));
  }

  load(share) {
    this.share += (share - this.share) * 0.1;
  }

  follow(state) {
    this.state = state;
    this.writes.push(...state.writes_ms);
    this.writes.splice(0, this.writes.length - POINTS);
    if (!$("inside").open) return;
    this.markStage(state.stage);
    const [used, of] = state.ring_bytes ?? [0, this.board.ring_bytes];
    this.bar.style.width = `${(100 * used) / of}%`;
    put($("ring_is"), `${(used / 1024).toFixed(0)} / ${(of / 1024).toFixed(0)} KiB`);
    const { captured, recorded, mirrored } = state;
    put($("frames"), say("frames", { captured, lost: captured - recorded, mirrored }));
    put($("load"), say("load", { pct: Math.round(100 * this.share) }));
    this.drawWrites();
    this.showHours(state);
  }

  markStage(stage) {
    if (stage === this.live) return;
    this.live = stage;
    for (const row of this.table.children) {
      const live = row.dataset.stage === stage;
      row.classList.toggle("live", live);
      row.children[1].className = live ? "possible" : "impossible";
    }
  }

  drawWrites() {
    const { chart, writes } = this;
    const paper = chart.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const top = Math.max(50, ...writes);
    paper.clearRect(0, 0, chart.width, chart.height);
    paper.fillStyle = style.getPropertyValue("--accent");
    const step = chart.width / POINTS;
    writes.forEach((ms, i) => {
      const height = (ms / top) * (chart.height - 26);
      paper.fillRect(i * step, chart.height - height, step - 1, height);
    });
    paper.fillStyle = style.getPropertyValue("--quiet");
    paper.font = "22px system-ui";
    paper.fillText(`${Math.round(top)} ms`, 0, 20);
  }

  showHours(state) {
    const { battery } = this.board;
    const { lasts } = state;
    put($("hours_why"), lasts ? say("hours_why", { mah: battery.capacity_mah }) : say(battery ? "hours_unknown" : "no_battery"));
    this.hours.replaceChildren(
      ...["idle", "display_on", "recording"].filter((stage) => lasts?.[stage]).map((stage) => {
        const [minutes, ua] = lasts[stage];
        const cells = [say(`${stage}_name`), `${number(minutes / 60)} h`, `${number(ua / 1000)} mA`].map((text) => make("td", {}, text));
        return make("tr", { class: stage === state.stage ? "live" : "" }, ...cells);
      }),
    );
  }

  traffic(rows, missed) {
    for (const line of rows.split("\n")) {
      const [ms, chip, kind, reg, ...rest] = line.split(" ");
      if (!this.heardOf.has(chip)) {
        this.heardOf.add(chip);
        this.chips.append(make("option", { value: chip }, chip));
      }
      this.rows.push([chip, `${clock(Number(ms))}.${String(ms % 1000).padStart(3, "0")}  ${chip.padEnd(9)} ${named(chip, kind, Number(reg))} ${rest.join(" ")}`]);
    }
    if (missed) this.rows.push(["", `… ${missed}`]);
    this.rows.splice(0, this.rows.length - KEPT);
    this.showTraffic();
  }

  showTraffic() {
    const only = this.chips.value;
    const rows = this.rows.filter(([chip]) => !only || chip === only).slice(-KEPT / 2);
    this.heard.textContent = rows.map(([, text]) => text).reverse().join("\n");
  }

  async showLog() {
    const [, log] = await this.camera.take();
    this.logged = readLog(log.pieces).reverse();
    this.showEntries();
  }

  showEntries() {
    const rows = this.logged.map((entry) => {
      const cells = [String(entry.s), clock(entry.uptime_ms), ...told(entry, this.data.words)];
      return make("tr", {}, ...cells.map((text) => make("td", {}, text)));
    });
    this.entries.replaceChildren(...rows);
  }
}
