// Where the picture lies on the screen: a scale and the point of the picture that is in the middle of the screen.
// Points of the picture are in pixels, (0, 0) the outer corner of the first pixel, y down. Points of the screen are
// in device pixels of the canvas.

/**
 * @typedef {{scale: number, x: number, y: number}} Placement scale in screen pixels a picture pixel
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Point
 */

export const LARGEST_SCALE = 16;
export const SMALLEST_SCALE = 1 / 64;

/** The box in the middle, as large as it fits. */
export function fitted(box, screen) {
  const scale = clampScale(Math.min(screen.width / box.width, screen.height / box.height));
  return { scale, x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** The corner of the picture on the screen. At one to one it falls on whole pixels, so that values show unmixed. */
export function cornerOf({ scale, x, y }, screen) {
  const corner = { x: screen.width / 2 - x * scale, y: screen.height / 2 - y * scale };
  return scale === 1 ? { x: Math.round(corner.x), y: Math.round(corner.y) } : corner;
}

export function toScreen(placement, screen, point) {
  const corner = cornerOf(placement, screen);
  return { x: corner.x + point.x * placement.scale, y: corner.y + point.y * placement.scale };
}

export function toPicture(placement, screen, point) {
  const corner = cornerOf(placement, screen);
  return { x: (point.x - corner.x) / placement.scale, y: (point.y - corner.y) / placement.scale };
}

/** Another scale, with the point of the picture under `at` (on the screen) kept there. */
export function zoomed(placement, screen, scale, at) {
  const wanted = clampScale(scale);
  const fixed = toPicture(placement, screen, at);
  return {
    scale: wanted,
    x: fixed.x - (at.x - screen.width / 2) / wanted,
    y: fixed.y - (at.y - screen.height / 2) / wanted,
  };
}

/** Moved by screen pixels; the middle of the screen stays on the picture. */
export function panned(placement, picture, dx, dy) {
  return {
    scale: placement.scale,
    x: Math.min(picture.width, Math.max(0, placement.x - dx / placement.scale)),
    y: Math.min(picture.height, Math.max(0, placement.y - dy / placement.scale)),
  };
}

function clampScale(scale) {
  return Math.min(LARGEST_SCALE, Math.max(SMALLEST_SCALE, scale));
}
