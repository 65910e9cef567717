// A small painter: smooth shapes into RGBA pixels, the same on every computer. No canvas, because
// what the camera records must not depend on the browser's fonts, graphics card or version.

/** Return what the painter works on: RGBA pixels that are all opaque. */
export function paperOf(data, width, height) {
  return { data, width, height, whole: new Uint32Array(data.buffer, data.byteOffset, width * height) };
}

/** Blend `color` [r, g, b] over one pixel; `cover` 0 to 1. */
function blend(paper, at, color, cover) {
  const { data } = paper;
  data[at] += (color[0] - data[at]) * cover;
  data[at + 1] += (color[1] - data[at + 1]) * cover;
  data[at + 2] += (color[2] - data[at + 2]) * cover;
}

/**
 * Paint where `distance(x, y)` is below zero, with a soft edge of one pixel. In each row that is
 * one piece: its ends are looked for from both sides, and what is between them is filled.
 */
function paint(paper, box, color, distance) {
  const { whole, width, height } = paper;
  const left = Math.max(0, Math.floor(box[0] - 1));
  const right = Math.min(width - 1, Math.ceil(box[2] + 1));
  const top = Math.max(0, Math.floor(box[1] - 1));
  const bottom = Math.min(height - 1, Math.ceil(box[3] + 1));
  for (let y = top; y <= bottom; y++) {
    const row = y * width;
    const edge = (x) => {
      const cover = 0.5 - distance(x + 0.5, y + 0.5);
      if (cover >= 1) return false;
      if (cover > 0) blend(paper, 4 * (row + x), color, cover);
      return true;
    };
    let [from, to] = [left, right];
    while (from <= to && edge(from)) from++;
    while (to > from && edge(to)) to--;
    if (from > to) continue;
    blend(paper, 4 * (row + from), color, 1);
    whole.fill(whole[row + from], row + from + 1, row + to + 1);
  }
}

/** Paint an ellipse. */
export function ellipse(paper, x, y, rx, ry, color) {
  const small = Math.min(rx, ry);
  paint(paper, [x - rx, y - ry, x + rx, y + ry], color, (px, py) => {
    const dx = (px - x) / rx;
    const dy = (py - y) / ry;
    return (Math.sqrt(dx * dx + dy * dy) - 1) * small;
  });
}

/** Paint a limb: a line from one point to another whose radius goes from `r0` to `r1`. */
export function limb(paper, [x0, y0], [x1, y1], r0, r1, color) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length = dx * dx + dy * dy || 1;
  const r = Math.max(r0, r1);
  const box = [Math.min(x0, x1) - r, Math.min(y0, y1) - r, Math.max(x0, x1) + r, Math.max(y0, y1) + r];
  paint(paper, box, color, (px, py) => {
    const t = Math.min(1, Math.max(0, ((px - x0) * dx + (py - y0) * dy) / length));
    const ex = px - x0 - t * dx;
    const ey = py - y0 - t * dy;
    return Math.sqrt(ex * ex + ey * ey) - (r0 + (r1 - r0) * t);
  });
}

/** Paint a convex polygon, its corners in clockwise order as seen on the screen. */
export function polygon(paper, points, color) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const edges = points.flatMap(([x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length];
    const length = Math.sqrt((nx - x) ** 2 + (ny - y) ** 2) || 1;
    return [x, y, (ny - y) / length, (x - nx) / length];
  });
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  paint(paper, box, color, (px, py) => {
    let farthest = -1e9;
    for (let i = 0; i < edges.length; i += 4) {
      const far = (px - edges[i]) * edges[i + 2] + (py - edges[i + 1]) * edges[i + 3];
      if (far > farthest) farthest = far;
    }
    return farthest;
  });
}

/** Paint an upright rectangle. */
export function box(paper, left, top, right, bottom, color) {
  polygon(paper, [[left, top], [right, top], [right, bottom], [left, bottom]], color); // prettier-ignore
}
