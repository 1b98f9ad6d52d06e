// From values to greys: the linear window of the DICOM standard (PS3.3, C.11.2.1.2.1).

/**
 * @typedef {{centre: number, width: number}} Window in values of the picture; width at least 1
 */

/** The grey, 0 to 255, of a value. */
export function greyOf(value, { centre, width }) {
  if (width <= 1) return value <= centre - 0.5 ? 0 : 255;
  const share = (value - (centre - 0.5)) / (width - 1) + 0.5;
  return Math.round(255 * Math.min(1, Math.max(0, share)));
}

/**
 * Opaque colours, as a canvas keeps them, for all 65,536 values.
 * @param {Window} window
 * @param {boolean} inverted white is the lowest value
 * @returns {Uint32Array}
 */
export function colours(window, inverted) {
  const table = new Uint32Array(65536);
  for (let value = 0; value < 65536; value++) {
    const grey = inverted ? 255 - greyOf(value, window) : greyOf(value, window);
    table[value] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return table;
}

/** The window whose ends are black and white. */
export function windowBetween(black, white) {
  const width = Math.max(2, white - black + 1);
  return { centre: black + width / 2, width };
}
