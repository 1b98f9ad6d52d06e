// Acts on their way to the server. Each is kept in the browser's storage from the moment it is done until the server
// has said that it has it, so that a closed browser or a lost network loses nothing. The server knows an act by its
// id, so sending twice does no harm.

import { newId } from "./acts.js";
import { Shelf } from "./shelf.js";

const WAITS = [1, 2, 4, 8, 15, 30]; // s between tries while the server is away

/** @typedef {"saved" | "saving" | "away" | "signed-out" | "refused"} State */

export class Outbox {
  /** @type {State} */ state = "saved";
  onState = (_state, _waiting, _words) => {};
  onAnswer = (_caseId, _answer) => {};
  onElsewhere = (_caseId) => {}; // another tab's act has reached the server

  #shelf = new Shelf();
  #tries = 0;
  #sending = null;
  #timer = 0;

  /**
   * @param {string} reader whose acts these are: another reader's stay untouched
   * @param {(caseId: string, events: object[], keepalive?: boolean) => Promise<any>} send rejects with {status}
   */
  constructor(reader, send) {
    this.prefix = `acts.${reader}.`;
    this.send = send;
    globalThis.addEventListener?.("online", () => this.flush());
    globalThis.addEventListener?.("storage", ({ key, oldValue, newValue }) => {
      if (key?.startsWith(this.prefix) && oldValue && newValue === null) this.onElsewhere(JSON.parse(oldValue).caseId);
    });
  }

  /** Keeps an act and starts sending. */
  put(caseId, act) {
    const event = { uuid: newId(), at: new Date().toISOString(), ...act };
    const number = String(this.#nextNumber()).padStart(12, "0");
    this.#shelf.set(`${this.prefix}${number}.${event.uuid}`, JSON.stringify({ caseId, event }));
    this.#tell("saving");
    this.flush();
    return event.uuid;
  }

  /** Sends what waits, oldest first; resolves when nothing more can be sent now. */
  flush() {
    clearTimeout(this.#timer);
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
    return this.#sending;
  }

  /** A last try while the page goes away. */
  leave() {
    for (const [caseId, batch] of this.#batches()) {
      this.send(caseId, batch.map((kept) => kept.event), true).catch(() => {});
    }
  }

  /** How many acts the server does not have yet. */
  get waiting() {
    return this.#keys().length;
  }

  /** Whether something that waits would be lost with the page, as the browser's storage is full or forbidden. */
  get fragile() {
    return this.#shelf.fragile;
  }

  /** The acts on one case that wait, oldest first: what the server's reading lacks. */
  waitingFor(caseId) {
    return this.#kept().filter((kept) => kept.caseId === caseId).map((kept) => kept.event);
  }

  async #sendAll() {
    for (;;) {
      const batch = this.#batches()[0];
      if (!batch) return this.#done();
      const [caseId, kept] = batch;
      try {
        const answer = await this.send(caseId, kept.map(({ event }) => event));
        for (const { key } of kept) this.#shelf.remove(key);
        this.#tries = 0;
        this.onAnswer(caseId, answer);
      } catch (error) {
        const status = error.status ?? 0;
        if (status === 401) return this.#tell("signed-out");
        if (status >= 400 && status < 500 && status !== 408 && status !== 429) this.#setAside(kept, error);
        else return this.#later(error);
      }
    }
  }

  #done() {
    if (this.state !== "refused") this.#tell("saved");
  }

  #later(error) {
    const wait = error.retryAfter ?? WAITS[Math.min(this.#tries++, WAITS.length - 1)];
    this.#tell(error.status === 429 ? "saving" : "away");
    this.#timer = setTimeout(() => this.flush(), 1000 * wait);
  }

  /** One refused act must not hold up the rest: a batch is tried one by one, and what is refused is put by. */
  #setAside(kept, error) {
    if (kept.length > 1) {
      for (const { key, caseId, event } of kept) {
        this.#shelf.set(key, JSON.stringify({ caseId, event, alone: true }));
      }
      return;
    }
    const [{ key, caseId, event }] = kept;
    this.#shelf.set(key.replace("acts.", "refused."), JSON.stringify({ caseId, event, why: error.message }));
    this.#shelf.remove(key);
    this.#tell("refused", error.message);
  }

  /** What waits, in runs of one case; an act that is to go alone is its own run. */
  #batches() {
    const batches = [];
    for (const kept of this.#kept()) {
      const last = batches.at(-1);
      if (last && last[0] === kept.caseId && !kept.alone && !last[1].at(-1).alone && last[1].length < 50) {
        last[1].push(kept);
      } else {
        batches.push([kept.caseId, [kept]]);
      }
    }
    return batches;
  }

  #kept() {
    return this.#keys().flatMap((key) => {
      const text = this.#shelf.get(key);
      return text ? [{ key, ...JSON.parse(text) }] : [];
    });
  }

  #keys() {
    return this.#shelf.keys(this.prefix);
  }

  #nextNumber() {
    const last = this.#keys().at(-1);
    const number = Math.max(this.last ?? 0, last ? Number(last.slice(this.prefix.length).split(".")[0]) : 0) + 1;
    this.last = number;
    return number;
  }

  #tell(state, words = "") {
    this.state = state;
    this.onState(state, this.waiting, words);
  }
}
