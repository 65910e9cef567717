// What stands before the lens: the built-in scene, the webcam, or a video.

import { drawScene, HEIGHT, MOODS, pictureAt, WIDTH } from "../scene/scene.mjs";
import { $, make, put } from "./dom.mjs";
import { say } from "./words.mjs";

const FRAME_MS = 100;

/** Sends pictures to `camera`; shows what the lens sees. */
export class LensView {
  constructor(camera, act) {
    this.camera = camera;
    this.act = act;
    this.mood = 0;
    this.drawn = -1;
    this.context = $("scene").getContext("2d");
    this.image = this.context.createImageData(WIDTH, HEIGHT);
    this.grabber = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true });
    $("from_scene").onclick = () => this.scene();
    $("from_webcam").onclick = () => this.webcam();
    $("from_file").onchange = (event) => this.file(event.target.files[0]);
    this.takeDrops();
    setInterval(() => this.grab(), FRAME_MS);
    MOODS.forEach((_, mood) => {
      const onclick = () => this.setMood(mood);
      $("moods").append(make("button", { type: "button", id: `mood_${mood}`, "data-t": `mood_${mood}`, onclick }, say(`mood_${mood}`)));
    });
    this.mark();
  }

  takeDrops() {
    const place = $("lens");
    addEventListener("dragover", (event) => {
      event.preventDefault();
      place.classList.add("over");
    });
    addEventListener("dragleave", () => place.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("over");
      this.file(event.dataTransfer.files[0]);
    });
  }

  /** Let the person of the built-in scene be like MOODS[mood]. */
  setMood(mood) {
    this.mood = mood;
    this.act("mood", mood);
    this.mark();
  }

  mark() {
    [...$("moods").children].forEach((node, i) =>
      node.setAttribute("aria-pressed", String(i === this.mood)),
    );
    const source = this.source ?? "scene";
    for (const name of ["scene", "webcam"])
      $(`from_${name}`).setAttribute("aria-pressed", String(source === name));
    $("moods").hidden = source !== "scene";
    $("video").hidden = source === "scene";
    $("scene").hidden = source !== "scene";
  }

  word(key, facts) {
    $("lens_word").dataset.t = key;
    put($("lens_word"), say(key, facts));
    if (facts) delete $("lens_word").dataset.t;
  }

  /** Show the built-in scene, and let go of webcam and video. */
  scene(word = "lens_word") {
    const video = $("video");
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    if (video.src) URL.revokeObjectURL(video.src);
    video.removeAttribute("src");
    this.source = "scene";
    this.camera.send("picture", null);
    this.mark();
    this.word(word);
  }

  async webcam() {
    this.scene("webcam_asks");
    try {
      const size = { width: { ideal: 640 }, height: { ideal: 480 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: size });
      $("video").srcObject = stream;
      await $("video").play();
      this.source = "webcam";
      this.mark();
      this.word("webcam_on");
    } catch {
      this.scene("webcam_no");
    }
  }

  async file(file) {
    if (!file) return;
    this.scene();
    const video = $("video");
    video.src = URL.createObjectURL(file);
    try {
      await video.play();
      this.source = "file";
      this.mark();
      this.word("video_on", { name: file.name });
    } catch {
      this.scene();
      this.word("video_no", { name: file.name });
    }
  }

  grab() {
    const video = $("video");
    if ((this.source ?? "scene") === "scene" || video.readyState < 2) return;
    const scale = Math.max(WIDTH / video.videoWidth, HEIGHT / video.videoHeight);
    const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
    this.grabber.drawImage(video, (WIDTH - w) / 2, (HEIGHT - h) / 2, w, h);
    this.camera.send("picture", this.grabber.getImageData(0, 0, WIDTH, HEIGHT).data);
  }

  /** Draw the built-in scene at the camera's time, at most ten times a second. */
  follow({ ms, mood }) {
    if (mood !== this.mood) {
      this.mood = mood;
      this.mark();
    }
    if ($("scene").hidden || Math.abs(ms - this.drawn) < FRAME_MS) return;
    this.drawn = ms;
    drawScene(this.image.data, pictureAt(ms), this.mood);
    this.context.putImageData(this.image, 0, 0);
  }
}
