// The geometry of marks: drawing out a box, moving and resizing it, what is under the pointer.

/** @typedef {import("./acts.js").Mark} Mark @typedef {import("./acts.js").Shape} Shape */

export const CORNERS = ["nw", "ne", "sw", "se"];
const SMALLEST = 2; // pixels of the picture

/** The box between two points. */
export function boxBetween(one, other) {
  return {
    x: Math.min(one.x, other.x),
    y: Math.min(one.y, other.y),
    width: Math.abs(one.x - other.x),
    height: Math.abs(one.y - other.y),
  };
}

/** @param {Shape} shape @returns {boolean} whether it is too small to be meant */
export function tooSmall(shape) {
  return shape.width < SMALLEST || shape.height < SMALLEST;
}

/** To tenths of a pixel, and inside the picture. */
export function kept(shape, picture) {
  const width = Math.min(shape.width, picture.width);
  const height = Math.min(shape.height, picture.height);
  const x = Math.min(picture.width - width, Math.max(0, shape.x));
  const y = Math.min(picture.height - height, Math.max(0, shape.y));
  return { x: tenth(x), y: tenth(y), width: tenth(width), height: tenth(height) };
}

export function moved(shape, dx, dy) {
  return { ...shape, x: shape.x + dx, y: shape.y + dy };
}

/** With one corner dragged to a point, the opposite corner stays. */
export function resized(shape, corner, point) {
  const fixed = {
    x: corner.endsWith("w") ? shape.x + shape.width : shape.x,
    y: corner.startsWith("n") ? shape.y + shape.height : shape.y,
  };
  return boxBetween(fixed, point);
}

/** Larger or smaller around the middle, by pixels on each side. */
export function grown(shape, by) {
  const [width, height] = [Math.max(SMALLEST, shape.width + 2 * by), Math.max(SMALLEST, shape.height + 2 * by)];
  return { x: shape.x + (shape.width - width) / 2, y: shape.y + (shape.height - height) / 2, width, height };
}

export function cornerPoint(shape, corner) {
  return {
    x: corner.endsWith("w") ? shape.x : shape.x + shape.width,
    y: corner.startsWith("n") ? shape.y : shape.y + shape.height,
  };
}

/** Reading order for stepping through marks: from top to bottom. */
export function inOrder(marks) {
  return [...marks].sort((one, other) => one.shape.y - other.shape.y || one.shape.x - other.shape.x);
}

function tenth(value) {
  return Math.round(value * 10) / 10;
}
