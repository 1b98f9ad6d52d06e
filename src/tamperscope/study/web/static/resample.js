// The values that the screen shows: bilinear between pixel centres, from the copy of the picture that is the smallest
// with at least the screen's resolution. Drawn by the processor, so it is the same to the bit on every machine, and
// needs no graphics card.

import { cornerOf } from "./placement.js";

/**
 * @typedef {{x: number, y: number, width: number, height: number, values: Uint16Array}} Shown the part of the screen
 *   that the picture covers, in screen pixels
 */

/** The smallest copy that still has a value for each screen pixel. */
export function levelFor(levels, scale) {
  const wanted = scale >= 1 ? 0 : Math.floor(Math.log2(1 / scale) + 1e-9);
  return Math.min(wanted, levels.length - 1);
}

/**
 * @param {import("./image.js").Picture} picture
 * @param {import("./placement.js").Placement} placement
 * @param {import("./placement.js").Size} screen
 * @param {boolean} quick the nearest value instead of four mixed, while the picture moves
 * @returns {Shown}
 */
export function resample(picture, placement, screen, quick = false) {
  const number = levelFor(picture.levels, placement.scale);
  const level = picture.levels[number];
  const scale = placement.scale * 2 ** number;
  const corner = cornerOf(placement, screen);
  const columns = taps(corner.x, scale, level.width, screen.width, picture.width * placement.scale);
  const rows = taps(corner.y, scale, level.height, screen.height, picture.height * placement.scale);
  const values = new Uint16Array(columns.count * rows.count);
  if (quick || placement.scale === 1) nearest(level, columns, rows, values);
  else bilinear(level, columns, rows, values);
  return { x: columns.start, y: rows.start, width: columns.count, height: rows.count, values };
}

/** For each screen pixel along one axis that the picture covers: the two values it lies between, and how far. */
function taps(corner, scale, length, screen_length, shown_length) {
  const start = Math.max(0, Math.ceil(corner - 0.5));
  const end = Math.min(screen_length, Math.ceil(corner + shown_length - 0.5));
  const count = Math.max(0, end - start);
  const [first, second, share] = [new Int32Array(count), new Int32Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const place = Math.min(length - 1, Math.max(0, (start + i + 0.5 - corner) / scale - 0.5));
    first[i] = Math.floor(place);
    second[i] = Math.min(length - 1, first[i] + 1);
    share[i] = place - first[i];
  }
  return { start, count, first, second, share };
}

function nearest({ width, values: from }, columns, rows, values) {
  const column = columns.first.map((first, i) => (columns.share[i] < 0.5 ? first : columns.second[i]));
  for (let y = 0, to = 0; y < rows.count; y++) {
    const row = (rows.share[y] < 0.5 ? rows.first[y] : rows.second[y]) * width;
    for (let x = 0; x < columns.count; x++) values[to++] = from[row + column[x]];
  }
}

function bilinear({ width, values: from }, columns, rows, values) {
  const { first, second, share } = columns;
  for (let y = 0, to = 0; y < rows.count; y++) {
    const above = rows.first[y] * width;
    const below = rows.second[y] * width;
    const down = rows.share[y];
    for (let x = 0; x < columns.count; x++) {
      const [left, right, across] = [first[x], second[x], share[x]];
      const upper = from[above + left] + (from[above + right] - from[above + left]) * across;
      const lower = from[below + left] + (from[below + right] - from[below + left]) * across;
      values[to++] = upper + (lower - upper) * down + 0.5;
    }
  }
}
