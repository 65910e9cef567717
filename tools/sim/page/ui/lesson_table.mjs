// The five lessons: what happens, what the procedure has the officer do, and why.
//
// A step waits for `until` (an event of the camera, a stage, or milliseconds). `wrong` names events
// that the procedure does not have here; `then` are acts of the world when the step begins, and
// `later` is one that comes some milliseconds after. `control` is one in a drawer that the step needs:
// it is opened, and shown once there was time to see what the camera says.

export const LESSONS = [
  {
    id: "calm",
    name: ["Ein ruhiges Gespräch", "A calm talk"],
    what: ["Jemand fragt nach dem Weg. Was tun Sie mit der Kamera?", "Somebody asks the way. What do you do with the camera?"],
    steps: [
      {
        say: ["Sprechen Sie 15 Sekunden. Drücken Sie nichts.", "Talk for 15 seconds. Press nothing."],
        why: ["Anwesend sein genügt. Das Display bleibt dunkel, auf die Karte kommt kein Byte.", "Being present is enough. The display stays dark, and not one byte goes to the card."],
        until: { ms: 15_000 },
        wrong: ["show", "record"],
      },
    ],
    well: ["Die meisten Gespräche brauchen die Kamera nicht.", "Most talks do not need the camera."],
  },
  {
    id: "display",
    name: ["Das Display genügt", "The display is enough"],
    what: ["Jemand wird laut. Reden hilft nicht.", "Somebody gets loud. Talking does not help."],
    start: [["mood", 1]],
    steps: [
      {
        say: ["Zeigen Sie das Display: einmal drücken.", "Show the display: press once."],
        why: ["Wer sich selbst sieht, wird meist ruhiger. Aufgenommen wird nichts.", "People who see themselves mostly calm down. Nothing is recorded."],
        until: { event: "show" },
        wrong: ["record"],
      },
      {
        say: ["Die Person sieht sich. Warten Sie 8 Sekunden.", "The person sees themselves. Wait 8 seconds."],
        why: ["Geben Sie dem Bild Zeit zu wirken.", "Give the picture time to work."],
        until: { ms: 8000 },
        wrong: ["record", "hide"],
      },
      {
        say: ["Sie ist ruhig geworden. Display aus: einmal drücken.", "They have calmed down. Display off: press once."],
        why: ["Was nicht mehr nötig ist, wird beendet.", "What is no longer needed is ended."],
        then: [["mood", 0]],
        until: { event: "hide" },
        wrong: ["record"],
      },
    ],
    well: ["Beruhigt ohne Aufnahme: auf der Karte steht nichts.", "Calmed without a recording: there is nothing on the card."],
  },
  {
    id: "escalation",
    name: ["Es eskaliert", "It escalates"],
    what: ["Jemand droht Ihnen.", "Somebody threatens you."],
    start: [["mood", 1]],
    steps: [
      {
        say: ["Zuerst das Display: einmal drücken.", "The display first: press once."],
        why: ["Auch jetzt kommt der mildere Schritt zuerst, wenn Zeit ist.", "Even now the milder step comes first, if there is time."],
        until: { event: "show" },
        wrong: [],
      },
      {
        say: ["Es hilft nicht. Sagen Sie die Aufnahme an und drücken Sie zweimal.", "It does not help. Announce the recording, and press twice."],
        why: ["Rot, zwei Töne, zwei Vibrationen: alle wissen, dass aufgenommen wird.", "Red, two tones, two vibrations: everybody knows that it records."],
        then: [["mood", 2]],
        until: { event: "record" },
        wrong: ["hide"],
      },
      {
        say: ["Er hebt die Faust. Setzen Sie eine Markierung: einmal drücken.", "He raises his fist. Set a marker: press once."],
        why: ["Eine Markierung erspart später langes Suchen.", "A marker saves a long search later."],
        until: { event: "mark" },
        wrong: [],
      },
      {
        say: ["Er geht. Beenden Sie: 3 Sekunden halten, dann noch einmal drücken.", "He leaves. End it: hold 3 seconds, then press again."],
        why: ["Zwei Schritte, damit keine Aufnahme aus Versehen endet. Erst wenn das Siegel auf der Karte ist, wird es grün.", "Two steps, so that no recording ends by accident. It turns green only when the seal is on the card."],
        then: [["mood", 3]],
        until: { event: "sealed" },
        wrong: [],
      },
    ],
    well: ["Aufgenommen wurde nur, was nötig war. Prüfen Sie nun die Karte.", "Only what was needed was recorded. Now verify the card."],
  },
  {
    id: "forgotten",
    name: ["Vergessen zu beenden", "Forgotten to stop"],
    what: ["Der Einsatz ist vorbei. Sie gehen zum Wagen und merken nicht, dass die Kamera noch aufnimmt.", "It is over. You walk to the car and do not notice that the camera still records."],
    start: [["mood", 3]],
    before: [[1500, "press", 2]],
    steps: [
      {
        say: ["Warten Sie, bis die Kamera sich meldet. Sie tut es alle 2 Minuten. (Die Zeit läuft schneller.)", "Wait for the camera to speak up. It does so every 2 minutes. (Time runs faster.)"],
        why: ["Rotes Blinken sieht die Person vor Ihnen; Ton und Vibration sind für Sie.", "The person before you sees the red light; tone and vibration are for you."],
        speed: 20,
        until: { ms: 122_000 },
        wrong: [],
      },
      {
        say: ["Beenden Sie die Aufnahme: 3 Sekunden halten, dann noch einmal drücken.", "End the recording: hold 3 seconds, then press again."],
        why: ["Jede Minute zu viel nimmt Unbeteiligte auf.", "Every minute too many records people who have no part in it."],
        until: { event: "sealed" },
        wrong: [],
      },
      {
        say: ["Display aus: einmal drücken.", "Display off: press once."],
        why: ["Zurück zu Schritt 1.", "Back to step 1."],
        until: { event: "hide" },
        wrong: ["record"],
      },
    ],
    well: ["Die Kamera erinnert; beenden müssen Sie.", "The camera reminds you; ending it is up to you."],
  },
  {
    id: "trouble",
    name: ["Akku und Karte", "Battery and card"],
    what: ["Der Akku ist fast leer, und mitten in der Aufnahme geht die Karte verloren.", "The battery is nearly empty, and in the middle of a recording the card is lost."],
    start: [["mood", 2]],
    before: [[900, "battery", 12]],
    steps: [
      {
        say: ["Es droht Gefahr. Nehmen Sie auf: zweimal drücken.", "There is danger. Record: press twice."],
        why: ["Ein schwacher Akku hindert die Aufnahme nicht; das Display nennt ihn.", "A weak battery does not stop a recording; the display tells of it."],
        until: { event: "record" },
        wrong: [],
      },
      {
        say: ["Warten Sie 6 Sekunden: die Karte wird herausgerissen.", "Wait 6 seconds: the card is torn out."],
        why: ["Was auf der Karte war, bleibt prüfbar. Die Kamera sagt sofort, dass sie nicht mehr aufnimmt.", "What was on the card can still be verified. The camera says at once that it no longer records."],
        later: [5000, "card", "out"],
        until: { stage: "fault" },
        wrong: [],
      },
      {
        say: ["Setzen Sie die Karte wieder ein: unter „Die Welt um die Kamera“.", "Put the card in again: under “The world around the camera”."],
        why: ["Die Kamera prüft die Karte und wird von selbst wieder bereit.", "The camera checks the card, and is ready again by itself."],
        control: "card_in",
        until: { stage: "idle" },
        wrong: [],
      },
    ],
    well: ["Nichts geht verloren, ohne dass die Kamera es sagt.", "Nothing is lost without the camera saying so."],
  },
];
