// The three steps, with the one that is live, and the bytes on the card.

import { $, make, put, set } from "./dom.mjs";
import { bytes, language, say } from "./words.mjs";

const LADDER = ["idle", "display_on", "recording"];

/** Shows the stage; `words` are the camera's own. */
export class Ladder {
  constructor(words) {
    this.words = words;
    $("ladder").append(
      ...LADDER.map((stage, i) =>
        make(
          "li",
          { class: stage },
          make("span", { class: "n", "aria-hidden": "true" }, make("i", {}, String(i + 1))),
          make("span", { class: "name", "data-t": `${stage}_name` }),
          make("span", { class: "what", "data-t": `${stage}_what` }),
        ),
      ),
    );
  }

  follow(state) {
    LADDER.forEach((stage, i) => {
      set($("ladder").children[i], "aria-current", stage === state.stage ? "step" : null);
    });
    put($("outside"), bytes(state.outside_bytes));
    put($("inside_bytes"), bytes(state.written_bytes - state.outside_bytes));
    const beside = $("beside");
    set(beside, "hidden", LADDER.includes(state.stage) ? "" : null);
    set(beside, "class", `beside ${state.stage}`);
    if (beside.hidden) return;
    const what = this.words.faults[state.reason]?.[language.is].join(", ") ?? "";
    put(beside, say(`beside_${state.stage}`, { what }));
  }
}
