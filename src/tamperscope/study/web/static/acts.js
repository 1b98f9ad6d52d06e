// What a reader does to a case, as acts: each has a kind, what it carries, and an opposite that undoes it.

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Shape in pixels of the picture; a point has no size
 * @typedef {{id: string, kind: "point" | "box" | "ellipse", shape: Shape, confidence: number | null}} Mark
 * @typedef {{answers: Object<string, any>, marks: Mark[]}} Reading
 * @typedef {{kind: "answer", question: string, value: any}
 *   | {kind: "mark-add" | "mark-edit", mark: Mark} | {kind: "mark-delete", mark: Mark}} Act
 */

/** A new id of 32 hexadecimal digits (crypto.randomUUID is missing on pages without TLS). */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The reading after the act; the one given is left as it is.
 * @param {Reading} reading
 * @param {Act} act
 * @returns {Reading}
 */
export function applied(reading, act) {
  if (act.kind === "answer") return { ...reading, answers: { ...reading.answers, [act.question]: act.value } };
  const others = reading.marks.filter((mark) => mark.id !== act.mark.id);
  if (act.kind === "mark-delete") return { ...reading, marks: others };
  if (others.length === reading.marks.length) return { ...reading, marks: [...reading.marks, act.mark] };
  return { ...reading, marks: reading.marks.map((mark) => (mark.id === act.mark.id ? act.mark : mark)) };
}

/**
 * The act that brings `reading` back after `act`.
 * @param {Reading} reading before the act
 * @param {Act} act
 * @returns {Act}
 */
export function opposite(reading, act) {
  if (act.kind === "answer") return { ...act, value: reading.answers[act.question] ?? null };
  const before = reading.marks.find((mark) => mark.id === act.mark.id);
  if (act.kind === "mark-add" && !before) return { kind: "mark-delete", mark: act.mark };
  if (act.kind === "mark-delete") return { kind: "mark-add", mark: before ?? act.mark };
  return { kind: "mark-edit", mark: before ?? act.mark };
}

/** What can be undone and redone in one case. */
export class History {
  /** @type {Act[]} */ undos = [];
  /** @type {Act[]} */ redos = [];

  /** Remembers how to undo `act`, which is about to be applied to `reading`. */
  remember(reading, act) {
    this.undos.push(opposite(reading, act));
    this.redos = [];
  }

  /** The act that undoes the last one, or undefined. */
  undo(reading) {
    return this.#step(this.undos, this.redos, reading);
  }

  /** The act that does again what was undone last, or undefined. */
  redo(reading) {
    return this.#step(this.redos, this.undos, reading);
  }

  #step(from, to, reading) {
    const act = from.pop();
    if (act) to.push(opposite(reading, act));
    return act;
  }
}
