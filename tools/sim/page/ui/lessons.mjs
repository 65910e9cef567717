// Runs the lessons: asks the learner to act, and checks it by the camera's own events and log.

import { readLog } from "../verify/log.mjs";
import { $, make } from "./dom.mjs";
import { LESSONS } from "./lesson_table.mjs";
import { bytes, language, say } from "./words.mjs";

const pick = (pair) => pair[language.is];
const BEGUN_MS = 2500; // by then the camera is ready
const SEEN_MS = 3000; // of the camera's time, to see what it says before the page moves on

/** Lessons on the page; `parts`: {camera, data, restart, lens, time}. */
export class Lessons {
  constructor(parts) {
    Object.assign(this, parts);
    this.lesson = null;
    this.list();
  }

  list() {
    $("lessons").replaceChildren(
      ...LESSONS.map(({ id, name, what }, i) => {
        const button = make("button", { type: "button", id: `lesson_${id}`, onclick: () => this.start(id) });
        button.append(make("strong", {}, `${i + 1}. ${pick(name)}`), make("small", {}, pick(what)));
        return make("li", {}, button);
      }),
    );
  }

  translate() {
    this.list();
    if (this.lesson) this.show();
  }

  /** Begin a lesson with a fresh camera. */
  async start(id, board = this.camera.board) {
    const lesson = LESSONS.find((one) => one.id === id);
    this.lesson = null;
    const acts = [[0, "boot"], ...(lesson.start ?? []).map((act) => [0, ...act]), ...(lesson.before ?? [])];
    const took = await this.restart(board, acts, BEGUN_MS);
    Object.assign(this, { lesson, at: 0, wrong: [], over: false, counts: null });
    this.begin();
    $("lesson").hidden = false;
    $("try").scrollIntoView({ block: "start" });
    $("try").focus({ preventScroll: true });
    return took;
  }

  begin() {
    const step = this.lesson.steps[this.at];
    this.since = this.camera.ms;
    this.came = this.shown = false;
    for (const act of step.then ?? []) {
      if (act[0] === "mood") this.lens.setMood(act[1]);
      else this.camera.act(...act);
    }
    if (step.control) $(step.control).closest("details").open = true;
    this.time.set(step.speed ?? 1);
    this.show();
  }

  /** Hear an event of the camera's stage table. */
  event(event) {
    if (!this.lesson || this.over || event.t_ms < this.since) return;
    const step = this.lesson.steps[this.at];
    if (step.wrong.includes(event.event)) {
      this.wrong.push(this.at);
      this.show();
    } else if (step.until.event === event.event || (step.until.stage && event.to === step.until.stage))
      this.next();
  }

  follow(state) {
    this.written = state.written_bytes;
    if (!this.lesson || this.over) return;
    const { until, later, control } = this.lesson.steps[this.at];
    if (later && !this.came && state.ms - this.since >= later[0]) {
      this.came = true;
      this.camera.act(...later.slice(1));
    }
    if (control && !this.shown && state.ms - this.since >= SEEN_MS) {
      this.shown = true;
      $(control).scrollIntoView({ block: "center" });
    }
    if (until.ms && state.ms - this.since >= until.ms) this.next();
  }

  next() {
    this.at++;
    if (this.shown) $("try").scrollIntoView({ block: "start" });
    if (this.at < this.lesson.steps.length) return this.begin();
    this.over = true;
    this.time.set(1);
    this.count();
    this.show();
  }

  /** Count the steps as the camera counted them: in its log. */
  async count() {
    const lesson = this.lesson;
    const [, log] = await this.camera.take();
    const entries = readLog(log.pieces).filter((entry) => entry.words);
    const times = (test) => entries.filter(test).length;
    const counts = {
      show: times(({ name, words }) => name === "STAGE" && words.to === "display_on" && words.why === "show"),
      record: times(({ name, words }) => name === "STAGE" && words.to === "recording"),
      mark: times(({ name, words }) => name === "MARK" && words.event === "mark"),
      written: bytes(this.written),
    };
    if (this.lesson === lesson) Object.assign(this, { counts });
    this.show();
  }

  leave() {
    this.lesson = null;
    $("lesson").hidden = true;
    $("lesson").replaceChildren();
    this.time.set(1);
  }

  show() {
    const { lesson, at, over } = this;
    const steps = lesson.steps.map((step, i) => {
      const kind = this.wrong.includes(i) ? "wrong" : i < at ? "done" : i === at ? "now" : "todo";
      const text = make("span", {}, pick(step.say));
      if (i <= at && kind !== "todo") text.append(make("span", { class: "why" }, pick(step.why)));
      return make("li", { class: kind }, text);
    });
    const parts = [
      make("h2", {}, pick(lesson.name)),
      make("p", {}, pick(lesson.what)),
      make("ol", {}, ...steps),
    ];
    if (this.wrong.length && !over)
      parts.push(make("p", { class: "trouble" }, say("lesson_wrong", { what: pick(lesson.steps[this.wrong.at(-1)].why) })));
    if (over) {
      parts.push(make("p", { id: "lesson_done" }, make("strong", {}, `${say("lesson_well")} `), pick(lesson.well)));
      if (this.counts) parts.push(make("p", { class: "quiet", id: "lesson_counts" }, say("lesson_count", this.counts)));
    }
    const index = LESSONS.indexOf(lesson);
    const button = (key, kind, onclick) => make("button", { type: "button", class: kind, id: key, onclick }, say(key));
    const row = make("div", { class: "row" });
    if (over && LESSONS[index + 1]) row.append(button("lesson_next", "primary", () => this.start(LESSONS[index + 1].id)));
    row.append(button("lesson_again", "plain", () => this.start(lesson.id)), button("lesson_end", "plain", () => this.leave()));
    $("lesson").replaceChildren(...parts, row);
  }
}
