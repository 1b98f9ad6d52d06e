// The page: lesions with their history, sliders, previews, saving.
import { View } from "./view.js";

const by = (id) => document.getElementById(id);
const canvas = by("canvas");
const view = new View(canvas);
const NUMBERS = ["threshold", "smoothing", "power", "contrast", "spiculation"];
const FRESH = { threshold: 400, smoothing: 20, power: 3, contrast: 1, spiculation: 0, noise: null, noise_model: "tissue", seed: 0 };
const LEAST_SIDE = 32;
const WHITE = 10;

const state = { file: 0, lesions: [], selected: -1, past: [], future: [], original: null, shown: null, compare: false,
  drawing: null, low: 0, high: 0, unit: 16, lowest: -500 };

// --- talking to the server: only the newest preview counts ---

async function call(address, wanted) {
  const options = wanted === undefined ? {} :
    { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wanted) };
  const answer = await fetch(address, options);
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.error || `the server says ${answer.status}`);
  }
  return answer;
}

let running = false, again = false;
async function preview() {
  if (running) { again = true; return; }
  running = true;
  by("busy").hidden = false;
  try {
    do {
      again = false;
      const [lesions, file] = [structuredClone(state.lesions), state.file];
      const answer = await call(`image/${file}/preview`, lesions);
      const levels = new Uint16Array(await answer.arrayBuffer());
      if (file === state.file && !again) { paste(lesions, levels); say(""); }
    } while (again);
  } catch (error) {
    say(error.message, true);
  }
  running = false;
  by("busy").hidden = true;
  document.body.dataset.previewed = JSON.stringify(state.lesions);
  draw();
}

function paste(lesions, levels) {
  state.shown.set(state.original);
  let start = 0;
  for (const { square: [x, y, side] } of lesions) {
    for (let row = 0; row < side; row++) {
      state.shown.set(levels.subarray(start, start + side), (y + row) * view.width + x);
      start += side;
    }
  }
}

// --- lesions and their history ---

function remember() {
  state.past.push(structuredClone(state.lesions));
  state.future = [];
}

function changed() {
  state.selected = Math.min(state.selected, state.lesions.length - 1);
  panel();
  draw();
  preview();
}

function travel(from, to) {
  if (!from.length) return;
  to.push(structuredClone(state.lesions));
  state.lesions = from.pop();
  if (state.selected < 0) state.selected = state.lesions.length - 1;
  changed();
}

function remove() {
  if (state.selected < 0) return;
  remember();
  state.lesions.splice(state.selected, 1);
  changed();
}

function panel() {
  const lesion = state.lesions[state.selected];
  by("sliders").classList.toggle("off", !lesion);
  const shown = lesion || FRESH;
  for (const name of NUMBERS) {
    by(name).value = shown[name];
    by(`${name}-out`).textContent = shown[name];
  }
  by("noise_model").value = shown.noise_model;
  by("noise").value = shown.noise ?? 0;
  by("noise-out").textContent = shown.noise ?? (shown.noise_model === "tissue" ? "none" : "as around");
  by("noise").disabled = shown.noise_model === "tissue";
  by("seed").value = shown.seed;
  const rows = state.lesions.map(({ square }, number) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.textContent = `${number + 1}   ${square[0]}, ${square[1]}   side ${square[2]}`;
    button.setAttribute("aria-pressed", String(number === state.selected));
    button.onclick = () => { state.selected = number; panel(); draw(); };
    item.append(button);
    return item;
  });
  by("lesions").replaceChildren(...rows);
  by("hint").hidden = state.lesions.length > 0;
  by("undo").disabled = !state.past.length;
  by("redo").disabled = !state.future.length;
  by("remove").disabled = by("another").disabled = !lesion;
  by("save").disabled = !state.lesions.length;
}

// One drag of a slider is one step of the history.
let sliding = false;
function set(name, value, { step = false } = {}) {
  const lesion = state.lesions[state.selected];
  if (!lesion || value === lesion[name]) return;
  if (!sliding) remember();
  sliding = !step;
  lesion[name] = value;
  changed();
}
for (const name of [...NUMBERS, "noise"]) {
  by(name).oninput = () => set(name, Number(by(name).value));
  by(name).onchange = () => { sliding = false; };
}
by("noise_model").onchange = () => {
  const lesion = state.lesions[state.selected];
  if (!lesion) return;
  remember();
  lesion.noise_model = by("noise_model").value;
  lesion.noise = lesion.noise_model === "white" ? WHITE : null;
  changed();
};
by("seed").onchange = () => set("seed", Math.max(0, Math.floor(Number(by("seed").value) || 0)), { step: true });
by("another").onclick = () => set("seed", state.lesions[state.selected].seed + 1, { step: true });
by("undo").onclick = () => travel(state.past, state.future);
by("redo").onclick = () => travel(state.future, state.past);
by("remove").onclick = remove;

by("save").onclick = async () => {
  by("save").disabled = true;
  say("saving");
  try {
    const saved = await (await call(`image/${state.file}/save`, state.lesions)).json();
    say(`Saved ${saved.file} with mask and record in ${saved.folder}`);
    document.body.dataset.saved = saved.file;
  } catch (error) {
    say(error.message, true);
  }
  panel();
};

function say(text, bad = false) {
  by("said").textContent = text;
  by("said").classList.toggle("bad", bad);
}

// --- drawing and pointing ---

let asked = false;
function draw() {
  if (asked || !state.original) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    view.levels = state.compare ? state.original : state.shown;
    view.draw();
    if (state.compare) return;
    state.lesions.forEach(({ square }, number) => view.outline(square, number === state.selected, String(number + 1)));
    if (state.drawing) view.outline(state.drawing, true, String(state.drawing[2]));
  });
}

function setWindow() {
  const [centre, width] = [Number(by("centre").value), Number(by("width").value)];
  by("centre-out").textContent = centre;
  by("width-out").textContent = width;
  view.window((centre - width / 2 - state.lowest) * state.unit, (centre + width / 2 - state.lowest) * state.unit);
  draw();
}
by("centre").oninput = by("width").oninput = setWindow;

function resize() {
  const box = canvas.parentElement.getBoundingClientRect();
  canvas.width = Math.round(box.width);
  canvas.height = Math.round(box.height);
  draw();
}

function squareOf([x0, y0], [x1, y1]) {
  // From the corner where the drag began; it stops at the image's border.
  let side = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
  side = Math.min(side, x1 < x0 ? x0 : view.width - x0, y1 < y0 ? y0 : view.height - y0);
  side = Math.floor(side);
  return [Math.round(x1 < x0 ? x0 - side : x0), Math.round(y1 < y0 ? y0 - side : y0), side];
}

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const inImage = ([x, y]) => [clamp(Math.round(x), 0, view.width), clamp(Math.round(y), 0, view.height)];
const place = (event) => [event.offsetX, event.offsetY];
let drag = null, spaceHeld = false;

canvas.onpointerdown = (event) => {
  if (!state.original) return;
  canvas.focus();
  canvas.setPointerCapture(event.pointerId);
  const at = place(event), [column, row] = view.toImage(...at);
  if (event.button === 2) {
    drag = { kind: "window", at, centre: Number(by("centre").value), width: Number(by("width").value) };
  } else if (event.button === 1 || spaceHeld) {
    drag = { kind: "pan", at, left: view.left, top: view.top };
  } else {
    const hit = state.lesions.findLastIndex(({ square: [x, y, side] }) =>
      column >= x && column < x + side && row >= y && row < y + side);
    if (hit >= 0) {
      state.selected = hit;
      drag = { kind: "move", from: [column, row], square: [...state.lesions[hit].square], moved: false };
      panel();
      draw();
    } else {
      drag = { kind: "draw", from: inImage([column, row]) };
    }
  }
};

canvas.onpointermove = (event) => {
  if (!state.original) return;
  const at = place(event), point = view.toImage(...at);
  readOut(point);
  if (!drag) return;
  if (drag.kind === "pan") {
    view.left = drag.left - (at[0] - drag.at[0]) / view.zoom;
    view.top = drag.top - (at[1] - drag.at[1]) / view.zoom;
  } else if (drag.kind === "window") {
    by("width").value = drag.width + 2 * (at[0] - drag.at[0]);
    by("centre").value = drag.centre + 2 * (at[1] - drag.at[1]);
    setWindow();
  } else if (drag.kind === "draw") {
    state.drawing = squareOf(drag.from, inImage(point));
  } else {
    const [x, y, side] = drag.square;
    const moved = [clamp(Math.round(x + point[0] - drag.from[0]), 0, view.width - side),
      clamp(Math.round(y + point[1] - drag.from[1]), 0, view.height - side), side];
    if (!drag.moved && (moved[0] !== x || moved[1] !== y)) { remember(); drag.moved = true; }
    if (drag.moved) { state.lesions[state.selected].square = moved; panel(); preview(); }
  }
  draw();
};

canvas.onpointerup = canvas.onpointercancel = () => {
  const square = state.drawing;
  state.drawing = null;
  if (drag?.kind === "draw" && square) {
    if (square[2] >= LEAST_SIDE) {
      remember();
      const like = state.lesions[state.selected] || FRESH;
      state.lesions.push({ ...like, square, seed: state.lesions.length });
      state.selected = state.lesions.length - 1;
      changed();
    } else if (square[2] > 3) {
      say(`A square needs at least ${LEAST_SIDE} pixels.`, true);
    }
  }
  drag = null;
  draw();
};
canvas.oncontextmenu = (event) => event.preventDefault();
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (!state.original) return;
  view.zoomTo(view.zoom * Math.exp(-event.deltaY / 500), ...place(event));
  draw();
}, { passive: false });

function readOut([x, y]) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const inside = column >= 0 && row >= 0 && column < view.width && row < view.height;
  const level = inside ? (state.compare ? state.original : state.shown)[row * view.width + column] : 0;
  const value = (level / state.unit + state.lowest).toFixed(1);
  by("read").textContent = inside ? `${column}, ${row}   ${value}   ${Math.round(view.zoom * 100)} %` : "";
}

function compare(on) {
  state.compare = on;
  draw();
}
by("compare").onpointerdown = () => compare(true);
by("compare").onpointerup = by("compare").onpointerleave = () => compare(false);
by("fit").onclick = () => { view.fit(); draw(); };
by("full").onclick = () => { view.zoomTo(1, canvas.width / 2, canvas.height / 2); draw(); };

addEventListener("keydown", (event) => {
  if (["INPUT", "SELECT"].includes(event.target.tagName) && event.target.type !== "range") return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === "y" || (key === "z" && event.shiftKey))) by("redo").click();
  else if ((event.ctrlKey || event.metaKey) && key === "z") by("undo").click();
  else if (key === "delete" || key === "backspace") remove();
  else if (key === "o") compare(true);
  else if (key === " " && event.target.tagName !== "BUTTON") { spaceHeld = true; canvas.classList.add("pan"); }
  else return;
  event.preventDefault();
});
addEventListener("keyup", (event) => {
  if (event.key.toLowerCase() === "o") compare(false);
  if (event.key === " ") { spaceHeld = false; canvas.classList.remove("pan"); }
});
addEventListener("resize", resize);

// --- opening ---

async function open(file) {
  Object.assign(state, { file, lesions: [], selected: -1, past: [], future: [], original: null, shown: null });
  by("busy").hidden = false;
  try {
    const facts = await (await call(`image/${file}`)).json();
    const levels = new Uint16Array(await (await call(`image/${file}/pixels`)).arrayBuffer());
    if (file !== state.file) return;
    state.original = levels;
    state.shown = levels.slice();
    view.show(state.shown, facts.width, facts.height);
    const what = [facts.laterality, facts.view].filter(Boolean).join(" ");
    by("facts").textContent = `${facts.width} × ${facts.height}, ${facts.mm.toFixed(3)} mm a pixel   ${what}`;
    view.fit();
    setWindow();
    say("");
    document.body.dataset.opened = facts.name;
  } catch (error) {
    say(error.message, true);
  }
  by("busy").hidden = true;
  panel();
}

async function start() {
  const { files, levels_per_unit: unit, lowest } = await (await call("files")).json();
  Object.assign(state, { unit, lowest });
  by("file").replaceChildren(...files.map((name, number) => new Option(name, number)));
  by("file").onchange = () => open(Number(by("file").value));
  by("centre").value = 550;
  by("width").value = 900;
  resize();
  panel();
  await open(0);
}
start().catch((error) => say(error.message, true));
