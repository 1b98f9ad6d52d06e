// The canvas: the picture at its placement and window. Drawing happens once a frame, however often it is asked for.

import { colours } from "./grey.js";
import { fitted, panned, toPicture, toScreen, zoomed } from "./placement.js";
import { resample } from "./resample.js";

const SLOW = 24; // ms: a drawing that takes longer is coarser while the picture moves
const SETTLED = 120; // ms without a move

export class Screen {
  /** @type {import("./image.js").Picture | null} */ picture = null;
  /** @type {import("./placement.js").Placement} */ placement = { scale: 1, x: 0, y: 0 };
  /** @type {import("./grey.js").Window} */ window = { centre: 2048, width: 4096 };
  inverted = false;
  onDrawn = () => {};

  #shown = null; // what the last drawing sampled, kept while only the window changes
  #took = 0;
  #asked = false;
  #settling = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: true });
    new ResizeObserver(() => this.#measure()).observe(canvas);
  }

  /** Device pixels a CSS pixel. */
  get density() {
    return globalThis.devicePixelRatio || 1;
  }

  get size() {
    return { width: this.canvas.width, height: this.canvas.height };
  }

  /** Shows another picture, or none. */
  show(picture, window, box) {
    this.picture = picture;
    this.window = window;
    this.inverted = false;
    this.#shown = null;
    if (picture) this.fit(box);
    this.drawNow();
  }

  fit(box) {
    this.fitBox = box ?? this.fitBox;
    this.place(fitted(this.fitBox, this.size));
    this.fits = true;
  }

  place(placement, moving = false) {
    this.placement = placement;
    this.fits = false;
    this.#shown = null;
    clearTimeout(this.#settling);
    this.moving = moving && this.#took > SLOW;
    if (this.moving) this.#settling = setTimeout(() => this.place(this.placement), SETTLED);
    this.draw();
  }

  zoomTo(scale, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    this.place(zoomed(this.placement, this.size, scale, at), true);
  }

  pan(dx, dy) {
    if (this.picture) this.place(panned(this.placement, this.picture, dx, dy), true);
  }

  setWindow(window) {
    this.window = { centre: clamp(window.centre, -65535, 131070), width: clamp(window.width, 2, 131070) };
    this.draw();
  }

  invert() {
    this.inverted = !this.inverted;
    this.draw();
  }

  /** From a pointer event's place to the picture. */
  pictureAt(clientX, clientY) {
    const frame = this.canvas.getBoundingClientRect();
    const at = { x: (clientX - frame.left) * this.density, y: (clientY - frame.top) * this.density };
    return toPicture(this.placement, this.size, at);
  }

  /** From a point of the picture to CSS pixels of the canvas. */
  cssAt(point) {
    const at = toScreen(this.placement, this.size, point);
    return { x: at.x / this.density, y: at.y / this.density };
  }

  /** The value of the picture at a point, or null beside it. */
  valueAt(point) {
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    if (!this.picture || x < 0 || y < 0 || x >= this.picture.width || y >= this.picture.height) return null;
    return this.picture.levels[0].values[y * this.picture.width + x];
  }

  draw() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      if (this.#asked) this.drawNow();
    });
  }

  drawNow() {
    this.#asked = false;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.picture && this.canvas.width && this.canvas.height) {
      if (!this.#shown) {
        const start = performance.now();
        this.#shown = resample(this.picture, this.placement, this.size, this.moving);
        if (!this.moving) this.#took = performance.now() - start;
      }
      paint(this.context, this.#shown, colours(this.window, this.inverted));
    }
    this.onDrawn();
  }

  #measure() {
    const frame = this.canvas.getBoundingClientRect();
    const width = Math.round(frame.width * this.density);
    const height = Math.round(frame.height * this.density);
    if (!width || !height || (width === this.canvas.width && height === this.canvas.height)) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.#shown = null;
    if (this.picture && this.fits) this.fit();
    this.drawNow();
  }
}

/** Puts sampled values on a canvas through a table of colours. */
export function paint(context, shown, table) {
  if (!shown.width || !shown.height) return;
  const image = context.createImageData(shown.width, shown.height);
  const pixels = new Uint32Array(image.data.buffer);
  const { values } = shown;
  for (let i = 0; i < values.length; i++) pixels[i] = table[values[i]];
  context.putImageData(image, shown.x, shown.y);
}

function clamp(value, lowest, highest) {
  return Math.min(highest, Math.max(lowest, value));
}
