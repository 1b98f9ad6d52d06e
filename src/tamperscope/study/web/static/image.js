// The picture: unsigned 16-bit grey values, row by row, and smaller copies of it for zooming out.

/**
 * @typedef {{width: number, height: number, values: Uint16Array}} Level
 * @typedef {{width: number, height: number, levels: Level[]}} Picture level 0 is the picture itself
 * @typedef {{x: number, y: number, width: number, height: number}} Box in pixels of the picture
 */

/**
 * Half the size: each value is the mean of 2 x 2 values, rounded half up. An odd last row or column is dropped.
 * @param {Level} level
 * @returns {Level}
 */
export function halve({ width, height, values }) {
  const [half_width, half_height] = [width >> 1, height >> 1];
  const halved = new Uint16Array(half_width * half_height);
  for (let y = 0, to = 0; y < half_height; y++) {
    let above = 2 * y * width;
    let below = above + width;
    for (let x = 0; x < half_width; x++, above += 2, below += 2) {
      halved[to++] = (values[above] + values[above + 1] + values[below] + values[below + 1] + 2) >> 2;
    }
  }
  return { width: half_width, height: half_height, values: halved };
}

/**
 * The picture with its smaller copies, down to some 256 pixels.
 * @param {Uint16Array} values height x width, row by row
 * @returns {Picture}
 */
export function pictureOf(values, width, height) {
  const levels = [{ width, height, values }];
  while (Math.min(levels.at(-1).width, levels.at(-1).height) >= 512) levels.push(halve(levels.at(-1)));
  return { width, height, levels };
}

/**
 * Fetches little-endian 16-bit values. What follows the last row is padding, and is left.
 * @returns {Promise<Picture>}
 */
export async function fetchPicture(url, width, height, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw Object.assign(new Error(`The picture did not come (${answer.status}).`), { status: answer.status });
  const bytes = await answer.arrayBuffer();
  if (bytes.byteLength < 2 * width * height) throw new Error("The picture came incomplete.");
  return pictureOf(littleEndian(bytes, width * height), width, height);
}

function littleEndian(bytes, count) {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return new Uint16Array(bytes, 0, count);
  const view = new DataView(bytes);
  return Uint16Array.from({ length: count }, (_, i) => view.getUint16(2 * i, true));
}

/**
 * The box that holds everything above zero, to the grain of the smallest copy; the whole picture if nothing is.
 * @param {Picture} picture
 * @returns {Box}
 */
export function contentBox({ width, height, levels }) {
  const { width: columns, height: rows, values } = levels.at(-1);
  let [left, top, right, bottom] = [columns, rows, -1, -1];
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, at++) {
      if (values[at] === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  if (right < 0) return { x: 0, y: 0, width, height };
  const grain = 2 ** (levels.length - 1);
  const box = { x: left * grain, y: top * grain, width: (right - left + 1) * grain, height: (bottom - top + 1) * grain };
  return { ...box, width: Math.min(box.width, width - box.x), height: Math.min(box.height, height - box.y) };
}

/**
 * The values below which the given fractions of the pixels above zero lie, from the smallest copy of at least
 * 512 pixels.
 * @param {Picture} picture
 * @param {number[]} fractions each 0 to 1
 * @returns {number[]}
 */
export function quantiles({ levels }, fractions) {
  const counts = new Uint32Array(65536);
  let all = 0;
  for (const value of levels.at(-1).values) {
    if (value === 0) continue;
    counts[value]++;
    all++;
  }
  return fractions.map((fraction) => {
    let below = 0;
    for (let value = 0; value < 65536; value++) {
      below += counts[value];
      if (below > fraction * all) return value;
    }
    return all === 0 ? 0 : counts.findLastIndex((count) => count > 0);
  });
}
