// Every sentence of the page, as [German, English]. {x} is filled in.

const WORDS = {
  skip: ["Zur Kamera", "To the camera"],
  board: ["Gerät", "Device"],
  language: ["Sprache", "Language"],
  title: ["Eine Bodycam, die erst beruhigt und zuletzt aufnimmt.", "A body camera that calms first and records last."],
  lead: [
    "Probieren Sie sie aus. In dieser Seite läuft die echte Software der Kamera auf einem nachgebauten Gerät. Nichts verlässt Ihren Computer.",
    "Try it. The camera’s real software runs in this page, on a simulated device. Nothing leaves your computer.",
  ],
  try: ["Die Kamera", "The camera"],
  press: ["Taste", "Button"],
  steps: ["Drei Schritte", "Three steps"],
  idle_name: ["Anwesend", "Present"],
  idle_what: ["Das Display ist dunkel. Es wird nichts gespeichert.", "The display is dark. Nothing is stored."],
  display_on_name: ["Display an", "Display on"],
  display_on_what: ["Die Person sieht sich selbst. Es wird nichts gespeichert.", "The person sees themselves. Nothing is stored."],
  recording_name: ["Aufnahme", "Recording"],
  recording_what: ["Rot, mit Zeit. Verschlüsselt und versiegelt auf der Karte.", "Red, with the time. Enciphered and sealed on the card."],
  beside_off: ["Die Kamera ist aus.", "The camera is off."],
  beside_armed: ["Der Vorpuffer läuft im Arbeitsspeicher.", "The pre-event memory runs, in RAM only."],
  beside_docked: ["Die Kamera ist an der Station.", "The camera is at its station."],
  beside_fault: ["Störung: {what}. Die Kamera sagt es und nimmt nicht auf.", "Fault: {what}. The camera says so and does not record."],
  bytes_outside: ["Geschrieben in Schritt 1 und 2", "Written in steps 1 and 2"],
  bytes_recording: ["Geschrieben in Schritt 3", "Written in step 3"],
  lens: ["Vor der Kamera", "Before the lens"],
  from_scene: ["Eingebaute Szene", "Built-in scene"],
  from_webcam: ["Webcam", "Webcam"],
  from_file: ["Video öffnen", "Open a video"],
  lens_word: ["Oder ein Video hierher ziehen.", "Or drop a video here."],
  webcam_asks: ["Der Browser fragt Sie jetzt.", "Your browser is asking you now."],
  webcam_on: [
    "Die Webcam ist an. Ihr Bild bleibt in diesem Fenster: es wird nicht gesendet und nicht gespeichert. Nur eine Aufnahme der nachgebauten Kamera enthält es, bis Sie die Seite schließen.",
    "The webcam is on. Your picture stays in this window: it is not sent and not stored. Only a recording of the simulated camera holds it, until you close the page.",
  ],
  webcam_no: ["Keine Webcam: nicht erlaubt oder nicht da. Die eingebaute Szene läuft.", "No webcam: not allowed, or none there. The built-in scene is shown."],
  video_on: ["{name} läuft, in diesem Fenster und nirgends sonst.", "{name} is playing, in this window and nowhere else."],
  video_no: ["{name} kann dieser Browser nicht abspielen.", "This browser cannot play {name}."],
  mood: ["Wie die Person ist", "How the person is"],
  mood_0: ["ruhig", "calm"],
  mood_1: ["aufgebracht", "upset"],
  mood_2: ["bedrohlich", "threatening"],
  mood_3: ["geht", "leaves"],
  time: ["Zeit", "Time"],
  camera_time: ["Zeit der Kamera", "Camera time"],
  pause: ["Pause", "Pause"],
  pace: ["Erreicht: {n}×. Schneller geht es auf diesem Computer gerade nicht.", "Reached: {n}×. This computer cannot go faster just now."],
  step: ["Schritt 0,1 s", "Step 0.1 s"],
  pace_hand: ["1×, solange Ihre Hand am Knopf ist", "1× while your hand is at the button"],
  speed_1: ["1×", "1×"],
  speed_60: ["60×", "60×"],
  speed_shift: ["Schicht in 1 min", "Shift in 1 min"],
  sound: ["Ton", "Sound"],
  share: ["Link zu dieser Situation", "Link to this situation"],
  again: ["Von vorn", "Start over"],
  shared: ["Der Link ist kopiert und steht in der Adresszeile.", "The link is copied, and stands in the address bar."],
  next_show: ["<b>Drücken</b>: Display an", "<b>Press</b>: display on"],
  next_hide: ["<b>Drücken</b>: Display aus", "<b>Press</b>: display off"],
  next_record: ["<b>Zweimal drücken</b>: Aufnahme", "<b>Press twice</b>: record"],
  next_mark: ["<b>Drücken</b>: Markierung setzen", "<b>Press</b>: set a marker"],
  next_ask_stop: ["<b>3 s halten</b>: Stopp? Dann noch einmal drücken", "<b>Hold 3 s</b>: stop? Then press again"],
  next_stop: ["<b>Jetzt drücken</b>: Aufnahme beenden", "<b>Press now</b>: end the recording"],
  next_off: ["<b>6 s halten</b>: ausschalten", "<b>Hold 6 s</b>: switch off"],
  next_on: ["<b>1 s halten</b>: einschalten", "<b>Hold 1 s</b>: switch on"],
  next_keys: ["Auf der Tastatur: Leertaste", "On the keyboard: space bar"],
  holding: ["Gehalten: {s} s", "Held: {s} s"],
  vibrates: ["Die Kamera vibriert.", "The camera vibrates."],
  tone: ["Ton: {hz} Hz", "Tone: {hz} Hz"],
  display_says: ["Display: {what}. Antippen", "Display: {what}. Touch it"],
  display_dark: ["dunkel", "dark"],
  lamp_says: ["Licht", "Lamp"],
  card: ["Am Ende: die Karte", "At the end: the card"],
  card_lead: [
    "Nehmen Sie die Karte heraus und prüfen Sie sie, wie es die Station tut: Ist alles da, und ist es so, wie es aufgenommen wurde?",
    "Take the card out and verify it as the station does: is everything there, and is it as it was recorded?",
  ],
  take: ["Karte prüfen", "Verify the card"],
  checking: ["Wird geprüft …", "Verifying …"],
  no_crypto: [
    "Dieser Browser gibt Prüfverfahren nur Seiten, die über https, von localhost oder als Datei geöffnet wurden.",
    "This browser gives cryptography only to pages opened over https, from localhost, or as a file.",
  ],
  nothing: ["Auf der Karte ist nichts: es wurde nicht aufgenommen.", "There is nothing on the card: nothing was recorded."],
  "verdict_intact": ["Unversehrt. Alles ist da und so, wie es aufgenommen wurde.", "Intact. All is there, and as it was recorded."],
  "verdict_torn-tail": ["Vollständig bis zum Abbruch. Das letzte Stück fehlt, wie es sein muss, wenn mitten in der Aufnahme Strom oder Karte weg sind.", "Complete up to where it broke off. The last piece is missing, as it must be when power or card go in the middle of a recording."],
  "verdict_damaged": ["Beschädigt. Ein Teil der Karte ist nicht mehr so, wie er geschrieben wurde.", "Damaged. Part of the card is no longer as it was written."],
  "verdict_incomplete": ["Unvollständig. Etwas, das aufgenommen wurde, fehlt.", "Incomplete. Something that was recorded is missing."],
  "verdict_tampered": ["Verändert. Etwas auf der Karte stammt nicht von dieser Kamera.", "Tampered with. Something on the card is not this camera’s."],
  counts: ["Segmente: {segments}. Bilder: {frames}. Lücken beim Aufnehmen: {gaps}.", "Segments: {segments}. Pictures: {frames}. Gaps while recording: {gaps}."],
  lost: ["{frames} von {written} Bildern sind noch lesbar; verloren: {lost}.", "{frames} of {written} pictures can still be read; lost: {lost}."],
  recording_n: ["Aufnahme {n}", "Recording {n}"],
  play: ["Abspielen", "Play"],
  stop: ["Anhalten", "Stop"],
  film: ["Die Aufnahme", "The recording"],
  film_at: ["Bild {i} von {n}, {s} s", "Picture {i} of {n}, {s} s"],
  flip: ["Ein Bit kippen und noch einmal prüfen", "Flip one bit and verify again"],
  flipped: ["Gekippt: Bit {bit} von Byte {at}, in Block {block} von Segment {n}.", "Flipped: bit {bit} of byte {at}, in block {block} of segment {n}."],
  save: ["Karte, Log und Schlüssel speichern", "Save card, log and keys"],
  save_word: [
    "Dieselben Dateien prüft auch der Befehl „card verify“. Die Schlüssel dieser Seite sind öffentlich und nur zum Zeigen.",
    "The command “card verify” verifies the same files. This page’s keys are public, and only for showing.",
  ],
  station: ["Danach, an der Station", "Then, at the station"],
  station_1: [
    "Stellen Sie die Kamera in die Station. Beide weisen sich aus; jedes andere Kabel lädt nur.",
    "Put the camera into the dock. Each proves who it is; any other cable only charges.",
  ],
  station_2: [
    "Die Station holt jede Aufnahme und prüft sie Block für Block, wie eben diese Seite.",
    "The station fetches every recording and verifies it block by block, as this page just did.",
  ],
  station_3: [
    "Sie legt sie ab, liest sie zurück und unterschreibt. Erst dann darf die Kamera sie löschen. Was noch nicht sicher ist, nennt sie.",
    "It stores them, reads them back and signs. Only then may the camera erase them. It names what is not yet safe.",
  ],
  station_4: [
    "Ansehen kann sie nur, wer den Schlüssel der Behörde hat. Die Station hat ihn nicht, die Kamera auch nicht.",
    "Only whoever has the agency’s key can view them. The station does not have it, nor does the camera.",
  ],
  lessons: ["Fünf Lektionen", "Five lessons"],
  lessons_lead: ["Jede beginnt mit einer Situation. Handeln Sie; die Kamera zählt mit.", "Each begins with a situation. Act; the camera keeps count."],
  lesson_end: ["Lektion beenden", "Leave the lesson"],
  lesson_next: ["Nächste Lektion", "Next lesson"],
  lesson_again: ["Noch einmal", "Once more"],
  lesson_well: ["Geschafft.", "Well done."],
  lesson_count: [
    "So zählt das Log der Kamera. Display gezeigt: {show}. Aufnahmen: {record}. Markierungen: {mark}. Geschrieben: {written}.",
    "By the camera’s own log. Display shown: {show}. Recordings: {record}. Markers: {mark}. Written: {written}.",
  ],
  lesson_wrong: ["Das war nicht der vorgesehene Schritt: {what}", "That was not the step the procedure has here: {what}"],
  world: ["Die Welt um die Kamera", "The world around the camera"],
  the_battery: ["Akku", "Battery"],
  battery: ["Ladung", "Charge"],
  drain: ["Entlädt sich", "Empties"],
  drain_1: ["wie berechnet", "as calculated"],
  drain_20: ["20-mal so schnell", "20 times as fast"],
  drain_200: ["200-mal so schnell", "200 times as fast"],
  temperature: ["Temperatur", "Temperature"],
  power: ["Strom", "Power"],
  cable: ["Ladekabel steckt", "Cable is in"],
  dock: ["In der Station", "In the dock"],
  cut: ["Akku herausreißen", "Tear the battery out"],
  boot: ["Strom wieder da", "Power back"],
  the_card: ["Speicherkarte", "Card"],
  card_in: ["einsetzen", "put in"],
  card_out: ["herausnehmen", "take out"],
  card_full: ["volle Karte", "a full card"],
  card_slow: ["langsam", "slow"],
  card_moody: ["stirbt langsam", "dying"],
  card_dead: ["tot", "dead"],
  card_is: ["Karte: {what}", "Card: {what}"],
  card_is_in: ["steckt", "in"],
  card_is_out: ["fehlt", "out"],
  card_is_dead: ["tot", "dead"],
  card_is_full: ["voll", "full"],
  the_clock: ["Uhr der Kamera", "Camera’s clock"],
  clock_right: ["richtig stellen", "set right"],
  clock_late: ["2 h nach", "2 h slow"],
  clock_unset: ["Zeit verloren", "time lost"],
  clock_wild: ["springt", "jumping"],
  clock_says: ["Die Kamera meint: {time}", "The camera thinks: {time}"],
  unknown: ["unbekannt", "unknown"],
  inside: ["Was innen geschieht", "What happens inside"],
  table: ["Tabelle der Schritte", "Table of stages"],
  table_word: ["Was in jeder Stufe möglich ist. Alles andere wird nicht beachtet.", "What is possible in each stage. All else is ignored."],
  in_stage: ["In", "In"],
  on_event: ["bei", "on"],
  to_stage: ["wird", "becomes"],
  line: ["Zeitlinie", "Time line"],
  recorder: ["Aufnahme", "Recorder"],
  ring: ["Puffer (RAM)", "Buffer (RAM)"],
  latency: ["Schreibzeit der Karte, ms", "Card’s write time, ms"],
  frames: ["Bilder: {captured} aufgenommen, {lost} verloren, {mirrored} gespiegelt", "Pictures: {captured} captured, {lost} lost, {mirrored} mirrored"],
  load: ["Diese Seite braucht {pct} % eines Prozessorkerns.", "This page uses {pct} % of one processor core."],
  hours: ["Akku reicht noch", "Battery lasts"],
  hours_why: ["Wenn die Kamera so bleibt: so rechnet sie selbst, aus {mah} mAh und dem Strom, den sie in jeder Stufe gelernt hat.", "If the camera stays so: its own reckoning, from {mah} mAh and the current that it has learned for each stage."],
  hours_unknown: ["Die Kamera weiß es noch nicht.", "The camera does not know yet."],
  no_battery: ["Dieses Gerät misst seinen Akku nicht.", "This device does not measure its battery."],
  chips: ["Verkehr der Chips", "Traffic of the chips"],
  listen: ["mithören", "listen"],
  all_chips: ["alle", "all"],
  log: ["Log der Kamera", "The camera’s log"],
  read_log: ["Log lesen", "Read the log"],
  foot: [
    "Diese Seite stellt keine Verbindung her und speichert nichts. Die nachgebauten Chips sind streng nach Datenblatt; was nur ein echtes Gerät zeigen kann, steht in der Beschreibung des Projekts. MIT-Lizenz.",
    "This page makes no connection and stores nothing. The simulated chips are strict, after their data sheets; what only a device can show stands in the project’s description. MIT licence.",
  ],
  refused: [
    "Der Link enthielt etwas, das diese Seite nicht kennt. Es wurde weggelassen.",
    "The link held something that this page does not know. It was left out.",
  ],
  broken: ["Die Simulation ist stehen geblieben: {what}", "The simulation has stopped: {what}"],
};

/** 0 for German, 1 for English. */
export const language = { is: 1 };

/** Return the sentence `key` in the page's language. */
export function say(key, facts = {}) {
  const words = WORDS[key];
  if (!words) throw new Error(`no words for ${key}`);
  return words[language.is].replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

/** Return a number with so many digits after the point, or the comma. */
export function number(value, digits = 1) {
  const places = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString(["de", "en"][language.is], places);
}

/** Return a number of bytes for people, exact below 10 KB. */
export function bytes(n) {
  if (n < 10_000) return `${number(n, 0)} ${language.is ? (n === 1 ? "byte" : "bytes") : "Byte"}`;
  return n < 1e6 ? `${number(n / 1000, 0)} KB` : `${number(n / 1e6)} MB`;
}

/** Put the page's language everywhere: text by data-t, names for screen readers by data-l. */
export function translate(root) {
  document.documentElement.lang = ["de", "en"][language.is];
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = say(node.dataset.t);
  for (const node of root.querySelectorAll("[data-l]"))
    node.setAttribute("aria-label", say(node.dataset.l));
}
