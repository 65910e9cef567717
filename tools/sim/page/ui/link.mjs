// A situation as a link: which board, which language, everything that hands did, and how long.
//
// #board=m5stack_cores3&lang=de&acts=0.boot_5000.press.2&to=9000 : acts are separated by "_", the
// parts of one by "."; a part is a number, true, false, null or a word.

const part = (text) => (/^(-?\d+|true|false|null)$/.test(text) ? JSON.parse(text) : text);

/** Return the link of a situation. */
export function linkOf({ board, lang, acts, to }) {
  const text = acts.map((act) => act.map(String).join(".")).join("_");
  return `#board=${board}&lang=${lang}&acts=${text}&to=${Math.round(to)}`;
}

/** Return the situation {board, lang, acts, to} of a link's hash; what is not there is undefined. */
export function situationOf(hash) {
  const values = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  const acts = values.acts
    ?.split("_")
    .filter(Boolean)
    .map((act) => act.split(".").map(part))
    .filter(([ms, verb]) => Number.isInteger(ms) && /^[a-z]+$/.test(verb));
  const to = /^\d+$/.test(values.to ?? "") ? Number(values.to) : undefined;
  return { board: values.board, lang: values.lang, acts, to, lesson: values.lesson };
}
