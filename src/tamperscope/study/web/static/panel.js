// Beside the picture: the map of all cases, and the list of marks with their confidence.

import { element } from "./element.js";
import { Scale } from "./scale.js";

const NAMES = { point: "Point", box: "Box", ellipse: "Ellipse" };
const STATES = { new: "not begun", begun: "begun", done: "done" };

/** One small square a case: where the reader is, what is done, what is begun. */
export function drawCases(place, cases, current, go) {
  place.replaceChildren(
    ...cases.map(({ id, number, state }) => {
      const link = element("a", { href: `/study/case/${encodeURIComponent(id)}`, className: state });
      link.title = `Case ${number}: ${STATES[state] ?? state}`;
      link.setAttribute("aria-label", link.title);
      if (id === current) link.setAttribute("aria-current", "true");
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(id);
      });
      return element("li", {}, link);
    }),
  );
}

/**
 * @param {HTMLElement} place
 * @param {import("./marks.js").Marks} marks
 * @param {boolean} rated whether a mark has a confidence
 */
export function drawMarksList(place, marks, rated) {
  const focused = place.contains(place.ownerDocument.activeElement) ? place.ownerDocument.activeElement.getAttribute("aria-label") : null;
  place.replaceChildren(
    ...marks.marks.map((mark, i) => {
      const chosen = mark.id === marks.chosen;
      const words = `${NAMES[mark.kind]} ${i + 1}`;
      const name = element("button", { className: "name", type: "button", textContent: words });
      name.addEventListener("click", () => marks.choose(chosen ? null : mark.id));
      name.setAttribute("aria-pressed", String(chosen));
      const remove = element("button", { className: "plain", type: "button", title: "Delete (Del)", disabled: marks.locked });
      remove.setAttribute("aria-label", `Delete ${words}`);
      remove.innerHTML = '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M5 5l10 10M15 5L5 15"/></svg>';
      remove.addEventListener("click", () => marks.remove(mark.id));
      const confidence = rated ? confidenceOf(mark, words, marks) : null;
      return element("li", { className: chosen ? "row chosen" : "row" }, name, confidence, remove);
    }),
  );
  if (focused) [...place.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === focused)?.focus();
}

function confidenceOf(mark, words, marks) {
  const scale = new Scale(`Confidence of ${words}`, (confidence) => marks.edit({ confidence }, mark.id));
  scale.set(mark.confidence);
  scale.input.disabled = marks.locked;
  scale.input.dataset.mark = mark.id;
  scale.input.addEventListener("focus", () => marks.choose(mark.id));
  return scale.place;
}
