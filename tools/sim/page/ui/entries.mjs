// What an entry of the camera's log says, in plain words.

import { language, say } from "./words.mjs";

const pick = (pair) => pair[language.is];

/** Return what kind of entry it is, and what it says; `words` are the camera's and the reader's. */
export function told(entry, words) {
  const says = SAYS[entry.name]?.(entry, words) ?? "";
  return [pick(words.entries[entry.name] ?? [entry.name, entry.name]), says];
}

const warning = (words, why) => pick(words.warnings[why] ?? words.warnings.unexpected);
const blocks = ({ number }) => say("entry_blocks", { n: number(0), blocks: number(4) });

const SAYS = {
  BOOT: ({ words: { firmware } }) => say("entry_firmware", { firmware }),
  STAGE: ({ words: { from, to, why } }) => `${say(`${from}_name`)} → ${say(`${to}_name`)} (${say(`event_${why}`)})`,
  OPEN: ({ number }) => say("entry_segment", { n: number(0), recording: number(36) }),
  SEAL: blocks,
  TORN: blocks,
  MARK: ({ words: { event } }) => say(`event_${event}`),
  FAULT: ({ words: { why } }, { causes }) => pick(causes[why] ?? causes.unexpected),
  WARNING: ({ words: { why } }, words) => warning(words, why),
  POWER: ({ words: { back } }, words) => back && say("entry_back", { what: warning(words, back) }),
};
