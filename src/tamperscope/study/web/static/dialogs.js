// Dialogs: the help with all keys, and a question before something that can't be taken back.

import { element } from "./element.js";

/** Fills the help from the groups of keys that the keyboard answers to. */
export function fillHelp(place, groups) {
  place.replaceChildren(
    ...groups.map(({ title, keys }) => {
      const rows = keys.filter((key) => key.words).flatMap(({ words, keys: names, shown }) => [
        element("dt", { textContent: words }),
        element("dd", {}, ...(shown ?? names.slice(0, 2)).map((name) => (name.length > 1 || /[^–]/.test(name) ? element("kbd", { textContent: spell(name) }) : name))),
      ]);
      return element("section", {}, element("h3", { textContent: title }), element("dl", {}, ...rows));
    }),
  );
}

function spell(name) {
  const spelled = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Delete: "Del", " ": "Space" };
  return name.replace(/[A-Za-z]+$| $/, (key) => spelled[key] ?? key);
}

/**
 * Asks, in a dialog of its own.
 * @param {{title: string, words: string[], yes: string, reason?: string, danger?: boolean}} question `reason`: the
 *   label of a text that must be given
 * @returns {Promise<string | null>} the reason (or ""), null if the reader steps back
 */
export function confirm({ title, words, yes, reason, danger = false }) {
  const text = reason ? element("input", { type: "text", required: true, maxLength: 500, name: "reason" }) : null;
  const back = element("button", { type: "button", className: "button", textContent: "Back" });
  const go = element("button", { className: danger ? "button danger" : "button main", textContent: yes });
  const form = element(
    "form",
    { method: "dialog" },
    ...words.map((line) => element("p", { textContent: line })),
    text ? element("label", { className: "field" }, element("span", { textContent: reason }), text) : null,
    element("div", { className: "row" }, back, go),
  );
  const heading = element("h2", { textContent: title, id: "confirm-title" });
  const dialog = element("dialog", { attributes: { "aria-labelledby": "confirm-title" } }, heading, form);
  document.body.append(dialog);
  dialog.showModal();
  (text ?? back).focus();
  return new Promise((resolve) => {
    let given = null;
    back.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", () => (given = text ? text.value.trim() : ""));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
  });
}
