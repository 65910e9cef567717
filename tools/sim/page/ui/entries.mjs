// What an entry of the camera's log says, in plain words.

import { language, own, say } from "./words.mjs";

const pick = (pair) => pair[language.is];

/**
 * Return what kind of entry it is, and what it says; its raw text where it lacks what that needs.
 * `words` are the camera's and the reader's.
 */
export function told(entry, words) {
  const kind = pick(own(words.entries, entry.name) ?? [entry.name, entry.name]);
  try {
    return [kind, own(SAYS, entry.name)?.(entry, words) ?? ""];
  } catch {
    return [kind, "words" in entry ? new TextDecoder().decode(entry.bytes) : entry.detail];
  }
}

const warning = (words, why) => pick(own(words.warnings, why) ?? words.warnings.unexpected);
const blocks = ({ number }) => say("entry_blocks", { n: number(0), blocks: number(4) });

// Each throws where the entry lacks what it needs.
const SAYS = {
  BOOT: ({ words: { firmware } }) => say("entry_firmware", { firmware: firmware.trim() }),
  STAGE: ({ words: { from, to, why } }) => `${say(`${from}_name`)} → ${say(`${to}_name`)} (${say(`event_${why}`)})`,
  OPEN: ({ number }) => say("entry_segment", { n: number(0), recording: number(36) }),
  SEAL: blocks,
  TORN: blocks,
  MARK: ({ words: { event } }) => say(`event_${event}`),
  FAULT: ({ words: { why } }, { causes }) => pick(own(causes, why) ?? causes.unexpected),
  WARNING: ({ words: { why } }, words) => warning(words, why),
  POWER: ({ words: { back } }, words) => (back ? say("entry_back", { what: warning(words, back) }) : ""),
};
