// The page: joins the camera's thread to what is seen of it.

import { Camera } from "./camera.mjs";
import { CardEnd } from "./card.mjs";
import { $, make, put } from "./dom.mjs";
import { Front } from "./front.mjs";
import { Hands } from "./hands.mjs";
import { Inside } from "./inside.mjs";
import { LensView } from "./lens.mjs";
import { LESSONS } from "./lesson_table.mjs";
import { Lessons } from "./lessons.mjs";
import { linkOf, situationOf, withLanguage } from "./link.mjs";
import { Sound } from "./sound.mjs";
import { Ladder } from "./stage.mjs";
import { Time } from "./time.mjs";
import { language, say, translate } from "./words.mjs";
import { World } from "./world.mjs";

const data = BODYCAM; // stands before this script in the built page
const camera = new Camera(data);
let state = null;
const act = (verb, ...args) => camera.act(verb, ...args);

const sound = new Sound();
const front = new Front(data, (x, y) => act("touch", x, y));
const ladder = new Ladder(data.words);
const time = new Time(camera);
const hands = new Hands(act, (down) => time.hand(down));
const lens = new LensView(camera, act);
const world = new World(act, () => state);
const inside = new Inside(camera, data);
const card = new CardEnd(camera, data, () => state);
const lessons = new Lessons({ camera, data, restart: start, lens, time });
const parts = [front, hands, ladder, time, world, inside, lessons];

camera.on("state", (now) => {
  state = now;
  for (const one of parts) one.follow(now);
  lens.follow(now);
  front.feel(now, sound.follow(now.tones, now.ms, time.speed));
});
camera.on("display", (pixels, width, light) => front.pixels(pixels, width, light));
camera.on("event", (event) => {
  inside.event(event);
  lessons.event(event);
});
camera.on("traffic", (rows, missed) => inside.traffic(rows, missed));
camera.on("load", (share, reached) => {
  inside.load(share);
  time.load(reached);
});
camera.on("arrived", (ms) => time.arrived?.(ms));
camera.on("broken", (what) => trouble("broken", { what }));

function trouble(key, facts) {
  $("trouble").hidden = false;
  put($("trouble"), say(key, facts));
}

/** Start `board` anew; play `acts` up to `to`, then go on at 1x, or stand still with `still`. */
async function start(board, acts = [[0, "boot"]], to = 0, still = false, profile) {
  hands.up(); // what is held belongs to the camera that goes
  time.set(0); // until there is the next
  $("trouble").hidden = true;
  $("board").value = board;
  front.draw(board);
  inside.begin(board);
  card.begin();
  const took = await camera.start(board, acts.map((act) => [...act]), profile);
  if (to) await time.runTo(to);
  time.set(still ? 0 : 1);
  return took;
}

function speak(lang) {
  language.is = lang === "de" ? 0 : 1;
  for (const id of ["de", "en"]) $(id).setAttribute("aria-pressed", String(id === lang));
  translate(document);
  for (const one of [inside, lessons, card]) one.translate?.();
  if (state) for (const one of parts) one.follow(state);
}

function share() {
  const lang = ["de", "en"][language.is];
  const link = linkOf({ board: camera.board, profile: camera.profile, lang, acts: camera.acts, to: camera.ms });
  history.replaceState(null, "", link);
  navigator.clipboard?.writeText(location.href).catch(() => {});
  $("shared").dataset.t = "shared"; // so that it changes with the language
  put($("shared"), say("shared"));
}

for (const [id, { name }] of Object.entries(data.boards))
  $("board").append(make("option", { value: id }, name));
$("board").onchange = () => start($("board").value);
$("again").onclick = () => start(camera.board);
$("share").onclick = share;
$("sound").onclick = () => {
  sound.on = !sound.on;
  $("sound").setAttribute("aria-pressed", String(sound.on));
};
for (const id of ["de", "en"])
  $(id).onclick = () => {
    speak(id);
    history.replaceState(null, "", withLanguage(location.hash, id)); // for when it is loaded again
  };

/** Open the situation that the address holds. */
async function open() {
  const known = { boards: Object.keys(data.boards), profiles: data.profiles, lessons: LESSONS.map(({ id }) => id) };
  const asked = situationOf(location.hash, known);
  delete document.documentElement.dataset.ready;
  speak(asked.lang ?? ["de", "en"][language.is]);
  scrollTo({ top: 0, behavior: "instant" });
  lessons.leave();
  lens.scene();
  const board = asked.board ?? data.board;
  try {
    const took = asked.lesson
      ? await lessons.start(asked.lesson, board)
      : await start(board, asked.acts, asked.to, asked.to !== undefined, asked.profile);
    if (asked.refused) trouble("refused");
    document.documentElement.dataset.ready = String(took);
  } catch (error) {
    trouble("broken", { what: error.message }); // a browser that lacks what this needs
  }
}

language.is = navigator.language.startsWith("de") ? 0 : 1;
addEventListener("hashchange", () => location.hash !== "#try" && open()); // that is the skip link's
open();

// For tests and pictures: the same controls without hands.
globalThis.bodycam = { camera, time, start, card, state: () => state };
