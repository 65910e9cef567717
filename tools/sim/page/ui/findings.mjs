// What a finding of the verifier means, in plain words.

import { language } from "./words.mjs";

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
};
const OTHER = ["Befund: {code}.", "Finding: {code}."];

/** Return the sentence of a finding. */
export function sentence(finding) {
  const words = WORDS[finding.code] ?? OTHER;
  return words[language.is].replace(/\{(\w+)\}/g, (_, name) => finding[name] ?? "–");
}
