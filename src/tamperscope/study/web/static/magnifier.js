// A round glass that shows the place under it 2.5 times as large, at least one to one.

import { colours } from "./grey.js";
import { resample } from "./resample.js";
import { paint } from "./screen.js";

const DIAMETER = 260; // CSS pixels
const POWER = 2.5;

export class Magnifier {
  on = false;
  point = null;

  /** @param {HTMLCanvasElement} canvas @param {import("./screen.js").Screen} screen */
  constructor(canvas, screen) {
    this.canvas = canvas;
    this.screen = screen;
  }

  turn(on = !this.on) {
    this.on = on;
    this.draw();
  }

  /** Holds the glass over a point of the picture. */
  moveTo(point) {
    this.point = point;
    if (this.on) this.draw();
  }

  draw() {
    const { screen, canvas, point } = this;
    canvas.hidden = !(this.on && point && screen.picture);
    if (canvas.hidden) return;
    const side = Math.round(DIAMETER * screen.density);
    canvas.width = side;
    canvas.height = side;
    canvas.style.width = canvas.style.height = `${DIAMETER}px`;
    const centre = screen.cssAt(point);
    canvas.style.transform = `translate(${centre.x - DIAMETER / 2}px, ${centre.y - DIAMETER / 2}px)`;
    const placement = { ...point, scale: Math.max(1, POWER * screen.placement.scale) };
    const shown = resample(screen.picture, placement, { width: side, height: side });
    paint(canvas.getContext("2d"), shown, colours(screen.window, screen.inverted));
  }
}
