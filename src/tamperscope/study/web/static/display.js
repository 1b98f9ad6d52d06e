// What the viewer's page shows around the picture, drawn from the viewer's state.

import { element } from "./element.js";
import { drawCases, drawMarksList } from "./panel.js";

// By id, taken before the panel can move to a window of its own.
/** @type {Object<string, any>} */
export const at = Object.fromEntries([...document.querySelectorAll("[id]")].map((one) => [one.id, one]));

export function drawReading(viewer) {
  viewer.marks.show(viewer.reading.marks);
  viewer.questions.fill(viewer.reading.answers);
  drawMarks(viewer);
  for (const [name, list] of [["undo", viewer.history.undos], ["redo", viewer.history.redos]]) {
    for (const button of document.querySelectorAll(`[data-do="${name}"]`)) button.disabled = !list.length || viewer.locked;
  }
}

export function drawMarks(viewer) {
  const asked = viewer.part?.marks;
  at["marks-section"].hidden = !asked;
  if (asked) drawMarksList(at["marks-list"], viewer.marks, asked.confidence);
}

export function drawTools(viewer) {
  for (const button of document.querySelectorAll("button[data-tool]")) {
    const marking = ["point", "box", "ellipse"].includes(button.dataset.tool);
    button.hidden = marking && !viewer.part?.marks?.kinds.includes(button.dataset.tool);
    button.disabled = marking && viewer.locked;
    button.setAttribute("aria-pressed", String(button.dataset.tool === viewer.tool));
  }
  document.querySelector('[data-do="magnify"]').setAttribute("aria-pressed", String(viewer.magnifier.on));
  viewer.glass.dataset.tool = viewer.tool;
  at.windows.replaceChildren(
    ...(viewer.windows ?? []).map(({ words }, i) =>
      element("button", { type: "button", textContent: words, title: `${words} (Shift+${i + 1})`, attributes: { "data-window": i } })),
  );
}

export function drawPlace(viewer) {
  const cases = viewer.part?.cases ?? [];
  const here = cases.findIndex(({ id }) => id === viewer.current);
  if (here < 0) return;
  at.title.textContent = viewer.session.study.title;
  at.part.textContent = viewer.part.title;
  at.where.textContent = `Case ${here + 1} of ${cases.length}`;
  document.title = `Case ${here + 1} · ${viewer.session.study.title}`;
  at.locked.hidden = !viewer.locked;
  at.simulated.hidden = !viewer.session.simulated;
  at["marks-words"].textContent = viewer.part.marks?.words ?? "";
  const done = cases.filter(({ state }) => state === "done").length;
  at.done.value = done / cases.length;
  at.done.title = `${done} of ${cases.length} done`;
  viewer.panel.querySelector('[data-do="before"]').disabled = here === 0;
  const last = here === cases.length - 1;
  viewer.panel.querySelector('[data-do="next"] span').textContent = last ? "To the overview" : "Next case";
  drawCases(at.cases, cases, viewer.current, (id) => viewer.show(id));
}

export function drawStatus(viewer) {
  const { window, placement, inverted, density } = viewer.screen;
  at["window-values"].textContent = viewer.screen.picture ? `C ${Math.round(window.centre)}  W ${Math.round(window.width)}` : "";
  at.zoom.textContent = viewer.screen.picture ? `${Math.round(100 * placement.scale)} %` : "";
  at.zoom.title = density === 1 ? "Screen pixels a picture pixel" : `Device pixels a picture pixel (${density} a CSS pixel)`;
  document.querySelector('[data-do="invert"]').setAttribute("aria-pressed", String(inverted));
  for (const button of at.windows.children) {
    const given = viewer.windows[Number(button.dataset.window)];
    button.setAttribute("aria-pressed", String(given.centre === window.centre && given.width === window.width));
  }
}

export function drawValue(viewer, point) {
  viewer.pointed = point;
  const value = point && viewer.screen.valueAt(point);
  const place = point && `x ${Math.floor(point.x)}  y ${Math.floor(point.y)}`;
  at.value.textContent = value === null || value === undefined ? "" : `${place}  value ${value}`;
}

export function drawSaved(viewer, state, waiting, words) {
  const place = at.saved;
  place.dataset.state = state;
  place.textContent = {
    saved: "Saved",
    saving: "Saving",
    away: `Server away: ${waiting} kept here, trying again`,
    "signed-out": "Signed out: your work is kept here",
    refused: words || "Not accepted",
  }[state];
  if (state === "signed-out") {
    place.append(" ", element("a", { href: "/study", textContent: "Sign in" }));
  }
}

export function wait(viewer, words) {
  const place = at.waiting;
  place.hidden = words === null;
  place.replaceChildren(words ?? "");
  if (words !== null && viewer.screen.picture) viewer.screen.show(null, viewer.screen.window);
  if (words !== null) viewer.marks.show([]);
}

export function fail(viewer, error, id) {
  const words = { 401: "You are signed out.", 403: "This case is not open to you.", 404: "There is no such case." }[error.status];
  const again = element("button", { type: "button", className: "button", textContent: "Try again", attributes: { "data-do": "try-again" } });
  const home = element("a", { className: "button", href: "/study", textContent: "To the overview" });
  const note = element("div", { className: "note bad" }, element("p", { textContent: words ?? error.message }));
  note.append(element("p", { className: "row" }, ...(words ? [home] : [again, home])));
  at.waiting.hidden = false;
  at.waiting.replaceChildren(note);
  console.warn(`Case ${id}: ${error.message}`);
}
