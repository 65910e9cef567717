// A situation as a link: which board, which language, everything that hands did, and how long.
//
// #board=m5stack_cores3&profile=nrw_order_service&lang=de&acts=0.boot_5000.press.2&to=9000 : acts are separated by "_", the
// parts of one by "."; a part is a number, true, false, null or a word.

const part = (text) => (/^(-?\d+|true|false|null)$/.test(text) ? JSON.parse(text) : text);

/** Return the link of a situation. */
export function linkOf({ board, profile, lang, acts, to }) {
  const text = acts.map((act) => act.map(String).join(".")).join("_");
  return `#board=${board}&profile=${profile}&lang=${lang}&acts=${text}&to=${Math.round(to)}`;
}

/** Return the situation {board, profile, lang, acts, to, lesson} of a link's hash; what is not there is undefined. */
export function situationOf(hash) {
  const values = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  const acts = values.acts
    ?.split("_")
    .filter(Boolean)
    .map((act) => act.split(".").map(part))
    .filter(([ms, verb]) => Number.isInteger(ms) && /^[a-z]+$/.test(verb));
  const to = /^\d+$/.test(values.to ?? "") ? Number(values.to) : undefined;
  const { board, profile, lang, lesson } = values;
  return { board, profile, lang, acts, to, lesson };
}
