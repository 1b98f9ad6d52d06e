// Cases with their pictures: the one shown, and the next ones fetched before they are asked for.

import { pixelsPath, readCase } from "./api.js";
import { contentBox, fetchPicture, quantiles } from "./image.js";
import { windowBetween } from "./grey.js";

const KEPT = 3; // pictures: a full-size one with its copies takes 36 MB

/** @typedef {{case: object, picture: import("./image.js").Picture, box: object, windows: object[]}} Opened */

export class Cases {
  #opened = new Map(); // id to {promise, stop}, the longest unused first

  /** @returns {Promise<Opened>} */
  open(id) {
    const known = this.#opened.get(id);
    if (known) {
      this.#opened.delete(id);
      this.#opened.set(id, known);
      return known.promise;
    }
    const stopper = new AbortController();
    const promise = fetchCase(id, stopper.signal);
    promise.catch(() => this.#opened.delete(id));
    this.#opened.set(id, { promise, stop: () => stopper.abort() });
    for (const [oldest, { stop }] of this.#opened) {
      if (this.#opened.size <= KEPT) break;
      stop();
      this.#opened.delete(oldest);
    }
    return promise;
  }

  /** Fetches a case quietly, so that it opens at once. */
  prefetch(id) {
    if (id && !this.#opened.has(id)) this.open(id).catch(() => {});
  }
}

async function fetchCase(id, signal) {
  const read = await readCase(id, signal);
  const picture = await fetchPicture(pixelsPath(id), read.width, read.height, signal);
  return { case: read, picture, box: contentBox(picture), windows: windowsFor(read, picture) };
}

/** The windows to choose from: those that the study gives, else four from the picture's own values. */
export function windowsFor(read, picture) {
  const given = (read.presets ?? []).map(({ words, centre, width }) => ({ words, centre, width }));
  if (read.window) given.unshift({ words: "Standard", ...read.window });
  if (given.length > 1) return given;
  const [low, dark, middle, high, top] = quantiles(picture, [0.005, 0.05, 0.35, 0.995, 1]);
  const own = [
    { words: "Standard", ...windowBetween(dark, high) },
    { words: "Soft", ...windowBetween(Math.max(0, 2 * low - dark), top) },
    { words: "Dense", ...windowBetween(middle, top) },
    { words: "Full", ...windowBetween(0, top) },
  ];
  return given.length ? [given[0], ...own.slice(1)] : own;
}
