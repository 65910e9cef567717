// What a finding of the verifier means, in plain words.

import { language, own } from "./words.mjs";

const WORDS = {
  "tail-missing": ["Das Ende fehlt ab Block {block} von Segment {segment}.", "The end is missing, from block {block} of segment {segment} on."],
  "block-missing": ["Block {block} von Segment {segment} fehlt.", "Block {block} of segment {segment} is missing."],
  "segment-missing": ["Segment {segment} fehlt ganz.", "Segment {segment} is missing altogether."],
  "card-older": ["Ab Segment {segment} fehlt alles: die Karte ist älter als das Log der Kamera.", "From segment {segment} on all is missing: the card is older than the camera’s log."],
  "block-older": ["An Block {block} von Segment {segment} steht noch der Vorgänger.", "In the place of block {block} of segment {segment} its predecessor still stands."],
  "block-damaged": ["Block {block} von Segment {segment} ist nicht mehr, was geschrieben wurde.", "Block {block} of segment {segment} is no longer what was written."],
  "block-forged": ["Block {block} von Segment {segment} trägt nicht das Siegel der Kamera.", "Block {block} of segment {segment} does not bear the camera’s seal."],
  "block-reordered": ["Die Blöcke von Segment {segment} wurden vertauscht, ab Block {block}.", "The blocks of segment {segment} were put in another order, from block {block} on."],
  "block-moved": ["An Block {block} von Segment {segment} steht ein Block aus einem anderen Segment.", "In the place of block {block} of segment {segment} stands a block of another segment."],
  "torn": ["Segment {segment} endet ohne Siegel: Strom oder Karte waren weg.", "Segment {segment} ends without a seal: the power or the card was gone."],
  "torn-empty": ["Segment {segment} wurde gerade begonnen, als Strom oder Karte weg waren.", "Segment {segment} was just begun when the power or the card went."],
  "log-older": ["Auf der Karte steht mehr, als das Log der Kamera kennt.", "The card holds more than the camera’s log knows of."],
  "seal-damaged": ["Das Siegel von Segment {segment} ist nicht mehr lesbar.", "The seal of segment {segment} can no longer be read."],
  "seal-missing": ["Das Siegel von Segment {segment} fehlt.", "The seal of segment {segment} is missing."],
  "description-lost": ["Die Beschreibung der Karte ist nicht mehr lesbar.", "The card’s description can no longer be read."],
  "log-page-damaged": ["Ein Teil des Logs der Kamera ist nicht mehr lesbar.", "Part of the camera’s log can no longer be read."],
  "log-newest-damaged": ["Der neueste Eintrag im Log der Kamera ist nicht mehr lesbar.", "The newest entry of the camera’s log can no longer be read."],
};
const LOG = ["Das Log der Kamera ist nicht so, wie sie es geschrieben hat.", "The camera’s log is not as the camera wrote it."];
const OTHER = ["Auf der Karte steht etwas, das diese Kamera nicht so geschrieben hat.", "Something on the card is not as this camera wrote it."];

const RUNNING = ["Segment {segment} hat noch kein Siegel: die Aufnahme läuft noch.", "Segment {segment} has no seal yet: the recording is still running."];

/** Return whether a finding says that a recording has no end. */
export const isTorn = ({ code }) => code === "torn" || code === "torn-empty";

/** Return the sentence of a finding; `running`: of the recording that is still running. */
export function sentence(finding, running = false) {
  const words = running ? RUNNING : (own(WORDS, finding.code) ?? (/^log-|^wrong-/.test(finding.code) ? LOG : OTHER));
  return words[language.is].replace(/\{(\w+)\}/g, (_, name) => finding[name] ?? "–");
}
