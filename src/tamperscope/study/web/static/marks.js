// Marks drawn over the picture, and the pointer that makes, moves and resizes them.

import { boxBetween, CORNERS, cornerPoint, kept, moved, resized, tooSmall } from "./shapes.js";
import { newId } from "./acts.js";

const SVG = "http://www.w3.org/2000/svg";
const POINT_RADIUS = 11; // CSS pixels

/** @typedef {import("./acts.js").Mark} Mark */

export class Marks {
  /** @type {Mark[]} */ marks = [];
  chosen = null; // id
  locked = false;
  crosshair = null; // a point of the picture, while marks are made with the keyboard
  onAct = (_act) => {};
  onChoose = (_id) => {};

  #draft = null; // {kind, shape, id | null}: what is being drawn, or a mark as it is being changed

  /** @param {SVGElement} layer @param {import("./screen.js").Screen} screen */
  constructor(layer, screen) {
    this.layer = layer;
    this.screen = screen;
  }

  show(marks) {
    this.marks = marks;
    if (!marks.some((mark) => mark.id === this.chosen)) this.choose(null);
    this.draw();
  }

  choose(id) {
    if (this.chosen === id) return;
    this.chosen = id;
    this.draw();
    this.onChoose(id);
  }

  get chosenMark() {
    return this.marks.find((mark) => mark.id === this.chosen) ?? null;
  }

  /** Adds a mark, and chooses it. */
  add(kind, shape) {
    if (this.locked) return;
    const mark = { id: newId(), kind, shape: kept(shape, this.screen.picture), confidence: null };
    this.onAct({ kind: "mark-add", mark });
    this.choose(mark.id);
  }

  /** Gives the chosen mark another shape or confidence. */
  edit(changes, id = this.chosen) {
    const mark = this.marks.find((candidate) => candidate.id === id);
    if (!mark || this.locked) return;
    const shape = kept(changes.shape ?? mark.shape, this.screen.picture);
    this.onAct({ kind: "mark-edit", mark: { ...mark, ...changes, shape } });
  }

  remove(id = this.chosen) {
    const mark = this.marks.find((candidate) => candidate.id === id);
    if (mark && !this.locked) this.onAct({ kind: "mark-delete", mark });
  }

  /**
   * Starts what a press on the picture means with a mark tool, or on a mark. Returns what follows the pointer.
   * @returns {{move: (point) => void, end: () => void, cancel: () => void} | null}
   */
  press(tool, point, target) {
    const held = target?.closest?.(".mark");
    if (held) return this.#hold(held.dataset.id, target.dataset?.corner, point);
    if (this.locked || !["point", "box", "ellipse"].includes(tool)) return null;
    if (tool === "point") {
      this.add("point", { ...point, width: 0, height: 0 });
      return still;
    }
    return this.#drag(
      (to) => ({ id: null, kind: tool, shape: boxBetween(point, to) }),
      ({ shape }) => {
        if (!tooSmall(shape)) this.add(tool, shape);
      },
    );
  }

  /** Shows a shape that is not a mark yet. */
  sketch(kind, shape) {
    this.#draft = kind ? { id: null, kind, shape } : null;
    this.draw();
  }

  #hold(id, corner, start) {
    this.choose(id);
    const mark = this.chosenMark;
    if (this.locked || !mark) return still;
    const shape = (to) =>
      corner ? resized(mark.shape, corner, to) : moved(mark.shape, to.x - start.x, to.y - start.y);
    return this.#drag((to) => ({ ...mark, shape: shape(to) }), (draft) => this.edit({ shape: draft.shape }, id));
  }

  #drag(draftAt, finish) {
    const clear = () => {
      this.#draft = null;
      this.draw();
    };
    return {
      move: (to) => {
        const draft = draftAt(to);
        this.#draft = { ...draft, shape: kept(draft.shape, this.screen.picture) };
        this.draw();
      },
      end: () => {
        const draft = this.#draft;
        clear();
        if (draft) finish(draft);
      },
      cancel: clear,
    };
  }

  draw() {
    const draft = this.#draft;
    const shown = this.marks.map((mark) => (mark.id === draft?.id ? { ...mark, shape: draft.shape } : mark));
    const drawn = shown.map((mark, i) => this.#group(mark, i + 1));
    if (draft && !draft.id) drawn.push(this.#group({ ...draft, id: "" }, ""));
    if (this.crosshair) drawn.push(this.#cross(this.crosshair));
    this.layer.replaceChildren(...drawn);
  }

  #group(mark, number) {
    const chosen = mark.id === this.chosen || mark.id === "";
    const group = drawing("g", { class: chosen ? "mark chosen" : "mark", "data-id": mark.id });
    const { shape } = mark;
    const from = this.screen.cssAt(shape);
    const to = this.screen.cssAt({ x: shape.x + shape.width, y: shape.y + shape.height });
    for (const line of ["under", "line", "catch"]) group.append(outline(mark.kind, from, to, line));
    if (mark.kind === "point") group.append(...tick(from));
    if (number !== "") {
      const at = mark.kind === "point" ? { x: from.x + POINT_RADIUS + 3, y: from.y - POINT_RADIUS } : { x: to.x + 5, y: from.y + 4 };
      const label = drawing("text", at);
      label.textContent = mark.confidence === null ? String(number) : `${number} · ${mark.confidence}`;
      group.append(label);
    }
    if (chosen && mark.id && mark.kind !== "point" && !this.locked) {
      for (const corner of CORNERS) {
        const at = this.screen.cssAt(cornerPoint(shape, corner));
        group.append(drawing("rect", { class: `corner ${corner}`, "data-corner": corner, x: at.x - 4.5, y: at.y - 4.5, width: 9, height: 9 }));
      }
    }
    return group;
  }

  #cross(point) {
    const { x, y } = this.screen.cssAt(point);
    const group = drawing("g", { class: "crosshair" });
    group.append(drawing("line", { x1: x - 22, x2: x + 22, y1: y, y2: y }), drawing("line", { x1: x, x2: x, y1: y - 22, y2: y + 22 }));
    return group;
  }
}

const still = { move: () => {}, end: () => {}, cancel: () => {} };

function outline(kind, from, to, line) {
  if (kind === "point") return drawing("circle", { class: line, cx: from.x, cy: from.y, r: POINT_RADIUS });
  const [width, height] = [Math.max(0, to.x - from.x), Math.max(0, to.y - from.y)];
  if (kind === "box") return drawing("rect", { class: line, x: from.x, y: from.y, width, height });
  const [rx, ry] = [width / 2, height / 2];
  return drawing("ellipse", { class: line, cx: from.x + rx, cy: from.y + ry, rx, ry });
}

/** The place itself stays free: four short lines around a point. */
function tick({ x, y }) {
  const ends = [[-1, 0], [1, 0], [0, -1], [0, 1]];
  return ends.map(([dx, dy]) =>
    drawing("line", { class: "line", x1: x + 4 * dx, y1: y + 4 * dy, x2: x + 9 * dx, y2: y + 9 * dy }));
}

function drawing(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
