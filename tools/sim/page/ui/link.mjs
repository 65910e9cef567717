// A situation as a link: which board, which language, everything that hands did, and how long.
//
// #board=m5stack_cores3&profile=nrw_order_service&lang=de&acts=0.boot_5000.press.2&to=9000 : acts are separated by "_", the
// parts of one by "."; a part is a number, true, false, null or a word. Who made a link is not known:
// what is no act, or beyond what hands can do here, is left out.

const DAY_MS = 86_400_000;
const ACTS_MAX = 2000;
const CLOCK_S = [946_684_800, 4_102_444_799]; // the years that its chip has: 2000 to 2099

const whole = (least, most) => (value) => Number.isInteger(value) && least <= value && value <= most;
const oneOf = (...values) => (value) => values.includes(value);
const maybe = (test) => (value) => value === undefined || test(value);
const isTrue = oneOf(true, false);

// What the page's controls can ask of the world, by verb: the test of each argument.
const ACTS = {
  boot: [],
  cut: [],
  key: [isTrue],
  press: [maybe(whole(1, 3))],
  hold: [whole(1, 60_000)],
  touch: [whole(0, 319), whole(0, 319)],
  mood: [whole(0, 4)],
  battery: [whole(0, 100)],
  temperature: [whole(-400, 850)],
  drain: [whole(1, 200)],
  cable: [isTrue],
  dock: [isTrue],
  card: [oneOf("in", "out", "full", "slow", "moody", "dead"), maybe(whole(100, 10_000))],
  clock: [(value) => value === null || value === "wild" || whole(...CLOCK_S)(value)],
};

function isAct([ms, verb, ...args]) {
  const tests = Object.hasOwn(ACTS, verb) ? ACTS[verb] : null;
  return whole(0, DAY_MS)(ms) && tests !== null && args.length <= tests.length && tests.every((test, i) => test(args[i]));
}

const part = (text) => (/^(-?\d{1,12}|true|false|null)$/.test(text) ? JSON.parse(text) : text);

/** Return the link of a situation. */
export function linkOf({ board, profile, lang, acts, to }) {
  const text = acts.map((act) => act.map(String).join(".")).join("_");
  return `#board=${board}&profile=${profile}&lang=${lang}&acts=${text}&to=${Math.round(to)}`;
}

/** Return a link's hash with another language; all else in it stays as it is. */
export function withLanguage(hash, lang) {
  const others = hash.slice(1).split("&").filter((value) => value.includes("=") && !value.startsWith("lang="));
  return "#" + [...others, `lang=${lang}`].join("&");
}

/**
 * Return the situation {board, profile, lang, acts, to, lesson, refused} of a link's hash, `known`
 * being the boards and profiles; what is not there is undefined. `refused`: whether something in it
 * was left out.
 */
export function situationOf(hash, known) {
  const values = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  const told = values.acts?.split("_").filter(Boolean);
  const acts = told
    ?.slice(0, ACTS_MAX)
    .map((act) => act.split(".").map(part))
    .filter(isAct);
  const tests = {
    board: oneOf(...known.boards),
    profile: oneOf(...known.profiles),
    lang: oneOf("de", "en"),
    lesson: oneOf(...known.lessons),
    to: (value) => /^\d{1,8}$/.test(value) && Number(value) <= DAY_MS,
  };
  const found = { acts, refused: told?.length !== acts?.length };
  for (const [name, test] of Object.entries(tests))
    if (values[name] === undefined) continue;
    else if (test(values[name])) found[name] = values[name];
    else found.refused = true;
  if (found.to) found.to = Number(found.to);
  return found;
}
