// The built-in scene: a square in a town, and a person who talks to whoever wears the camera.
//
// A film for each mood that begins anew every 12 s: the same picture has the same pixels everywhere.

import { box, ellipse, limb, paperOf, polygon } from "./shapes.mjs";

export const WIDTH = 320;
export const HEIGHT = 240;

const PICTURES_A_S = 16;
const PICTURES = 12 * PICTURES_A_S;

/** Return the number of the picture that is seen at `ms`, from 0 on. */
export const pictureAt = (ms) => Math.floor((ms * PICTURES_A_S) / 1000) % PICTURES;

/** What the person is like: gestures, distance, speed. */
export const MOODS = ["calm", "upset", "threatening", "leaving"];

const TURN = 2 * Math.PI;
const SKIN = [214, 168, 138];
const SHADE = [190, 142, 114];
const HAIR = [62, 46, 38];
const COAT = [52, 84, 122];
const COAT_DARK = [40, 66, 98];
const SHIRT = [226, 224, 218];

// near: how close (1 fills the picture), reach: how far the hands go, beat: gestures of either hand
// in a film, brow: how angry, mouth: how far it opens, lean: how much the person comes at the camera.
const MANNERS = [
  { near: 1.0, reach: 0.35, beat: [4, 3], brow: 0, mouth: 0.5, lean: 0.02 },
  { near: 1.12, reach: 0.8, beat: [10, 8], brow: 0.6, mouth: 0.9, lean: 0.05 },
  { near: 1.32, reach: 1.25, beat: [16, 13], brow: 1, mouth: 1.4, lean: 0.1 },
  { near: 0.5, reach: 0.12, beat: [4, 2], brow: 0, mouth: 0, lean: 0 },
];

let street = null;
let grain = null;

/** Draw picture `i` of a mood's film into RGBA pixels, 320 by 240. */
export function drawScene(data, i, mood = 0) {
  street ??= drawStreet();
  data.set(street);
  const paper = paperOf(data, WIDTH, HEIGHT);
  const part = i / PICTURES;
  // Something that comes and goes so many times in a film.
  const wave = (times, phase = 0) => Math.sin(TURN * times * part + phase);
  drawPasser(paper, part, wave);
  drawPerson(paper, part, wave, MANNERS[mood] ?? MANNERS[0]);
  addGrain(data, i);
}

function drawStreet() {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4).fill(255);
  const paper = paperOf(data, WIDTH, HEIGHT);
  for (let y = 0; y < 150; y++)
    box(paper, 0, y, WIDTH, y + 1, [168 + y * 0.5, 194 + y * 0.35, 216 + y * 0.2]);
  // left, top, right, wall, roof
  const houses = [
    [-10, 52, 70, [196, 170, 146], [120, 84, 74]],
    [70, 66, 132, [214, 200, 178], [112, 92, 88]],
    [192, 60, 262, [182, 186, 180], [96, 92, 96]],
    [262, 44, 332, [204, 176, 150], [124, 80, 68]],
  ];
  for (const [left, top, right, wall, roof] of houses) {
    polygon(paper, [[left - 3, top], [left + 12, top - 18], [right - 12, top - 18], [right + 3, top]], roof); // prettier-ignore
    box(paper, left, top, right, 156, wall);
    for (let x = left + 10; x < right - 12; x += 22)
      for (let y = top + 10; y < 130; y += 28) {
        box(paper, x, y, x + 12, y + 17, [118, 128, 138]);
        box(paper, x, y, x + 12, y + 5, [146, 156, 164]);
      }
  }
  box(paper, 0, 152, WIDTH, HEIGHT, [158, 152, 144]);
  for (let i = -9; i <= 9; i++)
    limb(paper, [160 + i * 16, 152], [160 + i * 70, 240], 0.3, 0.8, [142, 136, 128]);
  for (const y of [160, 171, 187, 210])
    limb(paper, [0, y], [320, y], 0.4, 0.5, [142, 136, 128]);
  tree(paper, 152, 150);
  limb(paper, [284, 156], [284, 40], 1.6, 1.2, [62, 66, 70]);
  ellipse(paper, 284, 38, 7, 4, [244, 236, 206]);
  return data;
}

function tree(paper, x, y) {
  limb(paper, [x, y], [x, y - 40], 3, 2, [98, 80, 64]);
  for (const [dx, dy, r] of [[-9, -50, 13], [9, -48, 14], [0, -62, 15], [-2, -46, 12]]) // prettier-ignore
    ellipse(paper, x + dx, y + dy, r, r * 0.92, [104 + dx, 138 + dx, 92]);
}

// Somebody far away crosses the square.
function drawPasser(paper, part, wave) {
  const x = part * 380 - 30;
  const step = wave(17) * 4;
  limb(paper, [x, 150], [x + step, 166], 2.2, 1.8, [70, 66, 74]);
  limb(paper, [x, 150], [x - step, 166], 2.2, 1.8, [60, 58, 66]);
  limb(paper, [x, 134], [x, 150], 4.4, 3.6, [148, 84, 76]);
  ellipse(paper, x, 126.5, 3.4, 4, SHADE);
}

function drawPerson(paper, part, wave, manner) {
  const sway = wave(3) * 5 + wave(2) * 3;
  const talk = wave(manner.beat[0]);
  const other = wave(manner.beat[1], 1.1);
  const near = manner.near * (1 + manner.lean * wave(manner.beat[0] / 2));
  const foot = manner.near < 0.8 ? 232 : 318;
  const at = (x, y) => [160 + (sway + x) * near, foot - y * near];
  const size = (n) => n * near;
  const arm = (side, beat) => {
    const lift = Math.max(0, beat) * manner.reach;
    const elbow = at(side * (52 + 10 * lift), 96 + 14 * lift);
    const hand = at(side * (44 - 14 * lift), 84 + 58 * lift + 6 * beat);
    limb(paper, at(side * 38, 148), elbow, size(13), size(11), COAT_DARK);
    limb(paper, elbow, hand, size(11), size(9), COAT);
    ellipse(paper, hand[0], hand[1], size(8.5), size(9.5), SKIN);
    for (const finger of [-1, 0, 1])
      limb(paper, hand, [hand[0] + size(finger * 4.4 - side * 2), hand[1] - size(11)], size(2.6), size(2), SKIN); // prettier-ignore
  };
  if (manner.near < 0.8)
    for (const side of [-1, 1])
      limb(paper, at(side * 13, 60), at(side * 14 + side * talk * 6, 4), size(12), size(9), [58, 60, 70]);
  polygon(paper, [at(-38, 158), at(38, 158), at(34, 30), at(-34, 30)], COAT);
  limb(paper, at(-34, 150), at(34, 150), size(14), size(14), COAT);
  polygon(paper, [at(-13, 166), at(13, 166), at(0, 112)], SHIRT);
  limb(paper, at(0, 112), at(0, 34), size(1), size(1), COAT_DARK);
  limb(paper, at(0, 176), at(0, 162), size(10), size(12), SHADE);
  drawHead(paper, at, size, part, wave, manner);
  arm(-1, other);
  arm(1, talk);
}

function drawHead(paper, at, size, part, wave, manner) {
  const nod = wave(5) * 1.6;
  const place = (x, y) => at(x, y + nod);
  const [cx, cy] = place(0, 200);
  const [hx, hy] = place(0, 210);
  ellipse(paper, hx, hy, size(25), size(25), HAIR);
  for (const side of [-1, 1]) ellipse(paper, cx + side * size(22), cy, size(4.5), size(6.5), SHADE);
  ellipse(paper, cx, cy, size(22), size(28), SKIN);
  const [fx, fy] = place(0, 226);
  ellipse(paper, fx, fy, size(20), size(8), HAIR);
  const blink = (part * 3) % 1 < 0.03 ? 0.2 : 1;
  for (const side of [-1, 1]) {
    const [ex, ey] = place(side * 8.5, 205);
    ellipse(paper, ex, ey, size(4), size(2.8 * blink), [244, 242, 238]);
    ellipse(paper, ex + size(nod * 0.3), ey, size(1.9), size(2.3 * blink), [48, 40, 36]);
    limb(paper, place(side * 13, 212 + manner.brow), place(side * 4.5, 212 - 4 * manner.brow), size(1.3), size(1.3), HAIR); // prettier-ignore
  }
  limb(paper, place(0, 203), place(1.4, 195), size(1.2), size(2.2), SHADE);
  const open = 1.3 + 3.4 * manner.mouth * Math.abs(wave(25) * wave(manner.beat[0]));
  const [mx, my] = place(0, 185);
  ellipse(paper, mx, my, size(7), size(open), [132, 62, 58]);
}

// Light makes pictures grainy, and so as large as a camera's.
function addGrain(data, picture) {
  grain ??= makeGrain();
  const from = (picture * 7919) % (grain.length / 2);
  for (let i = 0, j = from; i < data.length; i += 4, j++) {
    const n = grain[j];
    if (!n) continue;
    data[i] += n;
    data[i + 1] += n;
    data[i + 2] += n;
  }
}

function makeGrain() {
  const values = new Int8Array(WIDTH * HEIGHT * 2);
  let state = 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    values[i] = (state >>> 16) % 4 ? 0 : 2;
  }
  return values;
}
