// What each key of the viewer does.

import { boxBetween, grown, inOrder, moved } from "./shapes.js";

const STEP = 60; // CSS pixels a press moves the picture
const FINE = 1;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {import("./keys.js").Group[]}
 */
export function viewerKeys(viewer) {
  const { screen, marks } = viewer;
  const marker = new KeyboardMarker(viewer);
  const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
  const arrows = Object.keys(ARROWS);

  return [
    {
      title: "Cases",
      keys: [
        { keys: ["N", "PageDown"], words: "Next case", run: () => viewer.step(1) },
        { keys: ["Shift+N", "PageUp"], words: "Case before", run: () => viewer.step(-1) },
        { keys: ["J"], words: "Next case that is not done", run: () => viewer.nextOpen() },
        { keys: ["Alt+H"], words: "Overview", run: () => viewer.home() },
      ],
    },
    {
      title: "Answers",
      keys: [
        ...digits.map((digit) => ({ keys: [String(digit)], run: () => viewer.questions?.digit(digit) })),
        { keys: [], shown: ["1", "–", "9"], words: "Answer the marked question (scale: tens, 0 is 100)", run: () => {} },
        { keys: ["Q"], words: "Next question", run: () => viewer.questions?.step(1) },
        { keys: ["Shift+Q"], words: "Question before", run: () => viewer.questions?.step(-1) },
        { keys: ["A"], words: "Into the marked question (Esc: back)", run: () => viewer.questions?.focus() },
        { keys: ["R"], words: "Write the remark (Esc: back)", run: () => viewer.questions?.focus("text") },
        { keys: ["Ctrl+Z", "U"], words: "Undo", run: () => viewer.undo() },
        { keys: ["Ctrl+Y", "Shift+U", "Ctrl+Shift+Z"], words: "Redo", run: () => viewer.redo() },
      ],
    },
    {
      title: "Picture",
      keys: [
        { keys: ["W"], words: "Window with the mouse", run: () => viewer.choose("window") },
        { keys: ["D"], words: "Move with the mouse", run: () => viewer.choose("pan") },
        { keys: ["Z"], words: "Zoom with the mouse", run: () => viewer.choose("zoom") },
        { keys: ["+", "="], shown: ["+"], words: "Closer", run: () => screen.zoomTo(screen.placement.scale * 1.25) },
        { keys: ["-"], words: "Farther", run: () => screen.zoomTo(screen.placement.scale / 1.25) },
        { keys: ["F"], words: "Fit", run: () => viewer.fit() },
        { keys: ["O"], words: "One to one", run: () => screen.zoomTo(1) },
        { keys: arrows, shown: ["←", "→", "↑", "↓"], words: "Move", run: (event) => marker.arrow(event) },
        { keys: arrows.map((key) => `Shift+${key}`), shown: ["Shift+arrows"], words: "Window: width, centre", run: (event) => marker.arrow(event) },
        { keys: ["Shift+1", "Shift+2", "Shift+3", "Shift+4", "Shift+5"], shown: ["Shift+1", "–", "5"], words: "Window presets",
          run: (event) => viewer.setWindow(Number(/[0-9]/.exec(event.code)[0]) - 1) },
        { keys: ["I"], words: "Invert", run: () => screen.invert() },
        { keys: ["G"], words: "Magnifying glass", run: () => marker.magnify() },
        { keys: ["X"], words: "Full screen", run: () => viewer.fullScreen() },
        { keys: ["S"], words: "Questions in a second window", run: () => viewer.window.toggle() },
      ],
    },
    {
      title: "Marks",
      keys: [
        { keys: ["P"], words: "Point", run: () => marker.start("point") },
        { keys: ["B"], words: "Box", run: () => marker.start("box") },
        { keys: ["E"], words: "Ellipse", run: () => marker.start("ellipse") },
        { keys: ["Enter"], words: "With a mark tool: set; arrows aim, Shift finely", run: () => marker.set() },
        { keys: ["M"], words: "Choose the next mark; arrows move it", run: () => stepMarks(marks, 1) },
        { keys: ["Shift+M"], words: "Choose the mark before", run: () => stepMarks(marks, -1) },
        { keys: ["Ctrl+ArrowUp", "Ctrl+ArrowDown"], shown: ["Ctrl+↑", "↓"], words: "Chosen mark: larger, smaller",
          run: (event) => marker.resize(event.key === "ArrowUp" ? 1 : -1) },
        { keys: ["C"], words: "Confidence of the chosen mark", run: () => focusConfidence(viewer) },
        { keys: ["Delete", "Backspace"], shown: ["Del"], words: "Delete the chosen mark", run: () => marks.remove() },
        { keys: ["Escape"], words: "Back to the picture", run: () => marker.escape() },
        { keys: ["?", "F1"], shown: ["?"], words: "This help", run: () => document.getElementById("help").showModal() },
      ],
    },
  ];
}

function stepMarks(marks, by) {
  const order = inOrder(marks.marks);
  if (!order.length) return;
  const here = order.findIndex(({ id }) => id === marks.chosen);
  marks.choose(order[(here + by + order.length + (here < 0 && by < 0 ? 1 : 0)) % order.length].id);
}

function focusConfidence(viewer) {
  const { marks, panel } = viewer;
  if (!marks.chosen) marks.choose(marks.marks.at(-1)?.id ?? null);
  panel.querySelector(`[data-mark="${marks.chosen}"]`)?.focus();
}

/** Marks made without a mouse: a crosshair that the arrows move, Enter for the corners. */
class KeyboardMarker {
  #corner = null; // the first corner of a box or ellipse

  constructor(viewer) {
    this.viewer = viewer;
  }

  start(tool) {
    const { viewer } = this;
    if (viewer.locked || !viewer.part?.marks?.kinds.includes(tool)) return;
    viewer.choose(tool);
    viewer.marks.choose(null);
    this.#corner = null;
  }

  /** The crosshair; the first call puts it under the pointer, or in the middle. */
  #aim() {
    const { marks, screen, pointed } = this.viewer;
    marks.crosshair ??= pointed ? { ...pointed } : { x: screen.placement.x, y: screen.placement.y };
    return marks.crosshair;
  }

  arrow(event) {
    const { screen, marks, tool } = this.viewer;
    if (!screen.picture) return;
    const [dx, dy] = ARROWS[event.key];
    const pixel = screen.density / screen.placement.scale; // picture pixels a CSS pixel
    if (["point", "box", "ellipse"].includes(tool)) {
      const step = (event.shiftKey ? FINE : 12) * pixel;
      const fresh = !marks.crosshair;
      const at = this.#aim();
      if (!fresh) Object.assign(at, { x: inside(at.x + dx * step, screen.picture.width), y: inside(at.y + dy * step, screen.picture.height) });
      if (this.#corner) marks.sketch(tool, boxBetween(this.#corner, at));
      this.viewer.magnifier.moveTo(at);
      marks.draw();
    } else if (event.shiftKey) {
      const { centre, width } = screen.window;
      screen.setWindow({ centre: centre + (dy * width) / 40, width: width * (1 + dx / 20) });
    } else if (marks.chosenMark) {
      marks.edit({ shape: moved(marks.chosenMark.shape, 4 * dx * pixel, 4 * dy * pixel) });
    } else {
      screen.pan(-dx * STEP * screen.density, -dy * STEP * screen.density);
    }
  }

  set() {
    const { marks, screen, tool } = this.viewer;
    if (!screen.picture || !["point", "box", "ellipse"].includes(tool)) return;
    const at = { ...this.#aim() };
    if (tool === "point") {
      marks.add("point", { ...at, width: 0, height: 0 });
    } else if (this.#corner) {
      const shape = boxBetween(this.#corner, at);
      this.#corner = null;
      marks.sketch(null);
      if (shape.width >= 2 && shape.height >= 2) marks.add(tool, shape);
    } else {
      this.#corner = at;
    }
    marks.draw();
  }

  resize(by) {
    const { marks, screen } = this.viewer;
    const mark = marks.chosenMark;
    if (!mark || mark.kind === "point") return;
    marks.edit({ shape: grown(mark.shape, (4 * by * screen.density) / screen.placement.scale) });
  }

  magnify() {
    const { viewer } = this;
    viewer.magnifier.moveTo(viewer.marks.crosshair ?? viewer.pointed ?? { ...viewer.screen.placement });
    viewer.magnify();
  }

  escape() {
    const { viewer } = this;
    document.activeElement?.blur?.();
    if (this.#corner) viewer.marks.sketch(null);
    else if (viewer.marks.chosen) viewer.marks.choose(null);
    else viewer.choose("window");
    this.#corner = null;
  }
}

function inside(value, length) {
  return Math.min(length, Math.max(0, value));
}
