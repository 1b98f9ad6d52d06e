// The keys of the viewer: one list, from which the help is drawn and the keyboard is answered.

/**
 * @typedef {{keys: string[], words?: string, shown?: string[], run: (event: KeyboardEvent) => void}} Key `keys` as
 *   `nameOf` names them; without `words` it is not in the help
 * @typedef {{title: string, keys: Key[]}} Group
 */

/** How a press is named: Ctrl+, Alt+ and Shift+ (for letters, digits and named keys), then the key. */
export function nameOf(event) {
  const digit = /^Digit([0-9])$/.exec(event.code ?? "");
  let key = event.shiftKey && digit ? digit[1] : event.key;
  if (key.length === 1 && key !== key.toUpperCase()) key = key.toUpperCase();
  const plainSign = key.length === 1 && !/[A-Z0-9 ]/.test(key);
  const shift = event.shiftKey && !plainSign ? "Shift+" : "";
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift}${key}`;
}

/** Whether a press belongs to the control that has the focus. */
function takenBy(target, name) {
  if (!target?.matches) return false;
  if (target.matches("textarea, input[type=text], input[type=password]")) return name !== "Escape";
  if (target.matches("input[type=range]")) return /^(Arrow|Home|End|Page)/.test(name);
  if (target.matches("input[type=radio]")) return /^Arrow|^ $/.test(name);
  return target.matches("button, a, select") && (name === "Enter" || name === " ");
}

/**
 * Answers the keyboard of a document.
 * @param {Document} page
 * @param {Group[]} groups
 * @param {() => boolean} asleep whether a dialog has the keyboard
 */
export function listen(page, groups, asleep) {
  const runs = new Map(groups.flatMap(({ keys }) => keys.flatMap((key) => key.keys.map((name) => [name, key.run]))));
  page.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (asleep() || event.isComposing || takenBy(event.target, name)) return;
    const run = runs.get(name);
    if (!run) return;
    event.preventDefault();
    run(event);
  });
}
