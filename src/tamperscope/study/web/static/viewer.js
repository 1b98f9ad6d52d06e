// The page of one case after another: what is read, done, undone, saved, and shown next.

import * as api from "./api.js";
import { applied, History } from "./acts.js";
import { Cases } from "./cases.js";
import { Clock } from "./clock.js";
import { fillHelp } from "./dialogs.js";
import * as display from "./display.js";
import { listen } from "./keys.js";
import { Magnifier } from "./magnifier.js";
import { Marks } from "./marks.js";
import { Outbox } from "./outbox.js";
import { followPointer } from "./pointer.js";
import { Questions } from "./questions.js";
import { Screen } from "./screen.js";
import { SecondWindow } from "./second_window.js";
import { viewerKeys } from "./viewer_keys.js";

const { at } = display;
const AHEAD = 1; // cases fetched before they are asked for

class Viewer {
  tool = "window";
  /** @type {import("./acts.js").Reading} */ reading = { answers: {}, marks: [] };
  current = null; // the id of the case shown
  #histories = new Map();
  #asked = null;

  constructor(session) {
    this.session = session;
    this.glass = at.glass;
    this.panel = at.panel;
    this.cases = new Cases();
    this.screen = new Screen(at.picture);
    this.magnifier = new Magnifier(at.magnifier, this.screen);
    this.marks = new Marks(at.marks, this.screen);
    this.outbox = new Outbox(session.reader.id, api.sendEvents);
    this.clock = new Clock((ms) => this.current && this.outbox.put(this.current, { kind: "view", active_ms: ms }));
    this.window = new SecondWindow(this.panel, (page) => this.#answer(page), () =>
      display.drawSaved(this, "refused", 0, "The browser blocked the second window: allow pop-ups for this page"));
    this.keys = viewerKeys(this);
    this.asleep = () => Boolean(document.querySelector("dialog[open]"));
    this.#connect();
  }

  #connect() {
    const { screen, marks, magnifier } = this;
    screen.onDrawn = () => {
      marks.draw();
      magnifier.draw();
      display.drawStatus(this);
    };
    marks.onAct = (act) => this.act(act);
    marks.onChoose = () => display.drawMarks(this);
    followPointer(this.glass, { screen, marks, magnifier, tool: () => this.tool, onPoint: (point) => display.drawValue(this, point) });
    this.#answer(document);
    fillHelp(at["help-keys"], this.keys);
    this.outbox.onState = (state, waiting, words) => display.drawSaved(this, state, waiting, words);
    this.outbox.onAnswer = (caseId, answer) => this.#saved(caseId, answer);
    this.outbox.onElsewhere = (caseId) => caseId === this.current && this.#refresh();
    addEventListener("popstate", () => this.show(caseInAddress(), false));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("beforeunload", (event) => this.outbox.fragile && event.preventDefault());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#leave();
      else this.#refresh();
    });
  }

  /** Answers keys and buttons in this window or the second one. */
  #answer(page) {
    listen(page, this.keys, this.asleep);
    page.addEventListener("click", (event) => this.#click(event));
  }

  /** Shows a case, with `push` as a new entry of the browser's history. */
  async show(id, push = true) {
    if (id === this.#asked && id === this.current) return;
    const pressed = performance.now();
    this.#close();
    this.#asked = id;
    display.wait(this, "");
    const soon = setTimeout(() => display.wait(this, "Opening"), 250);
    try {
      await this.outbox.flush();
      const opened = await this.cases.open(id);
      if (this.#asked !== id) return;
      if (push) history.pushState(null, "", `/study/case/${encodeURIComponent(id)}`);
      this.#present(id, opened);
      performance.measure("case", { start: pressed });
      requestAnimationFrame(() => this.glass.setAttribute("data-shown", id));
    } catch (error) {
      if (this.#asked === id) display.fail(this, error, id);
    } finally {
      clearTimeout(soon);
    }
  }

  #present(id, { case: read, picture, box, windows }) {
    this.current = id;
    this.part = this.session.parts.find((part) => part.cases?.some((one) => one.id === id));
    this.box = box;
    this.windows = windows;
    this.locked = Boolean(read.locked);
    this.history = this.#histories.get(id) ?? new History();
    this.#histories.set(id, this.history);
    this.marks.locked = this.locked;
    this.marks.chosen = null;
    this.marks.crosshair = null;
    this.questions = new Questions(at.questions, this.part.questions, this.locked);
    this.questions.onAnswer = (question, value) => this.act({ kind: "answer", question: question.id, value });
    this.#read(read);
    this.questions.chooseFirstMissing(this.reading.answers);
    display.wait(this, null);
    display.drawTools(this);
    this.screen.show(picture, windows[0], box);
    display.drawPlace(this);
    if (!this.locked) {
      this.outbox.put(id, { kind: "open" });
      this.clock.start();
    }
    this.#fetchAhead();
    // What was read when the case was fetched ahead may be old by now.
    this.#refresh();
  }

  /** Takes what the server knows, and adds what it doesn't yet. */
  #read(read) {
    this.revision = read.revision;
    this.reading = this.outbox.waitingFor(this.current).reduce(
      (reading, act) => (act.kind === "answer" || act.mark ? applied(reading, act) : reading),
      { answers: read.answers ?? {}, marks: read.marks ?? [] },
    );
    display.drawReading(this);
  }

  async #refresh() {
    const id = this.current;
    if (!id || this.outbox.waitingFor(id).some((act) => act.kind === "answer" || act.mark)) return;
    const read = await api.readCase(id).catch(() => null);
    const idle = !this.outbox.waitingFor(id).some((act) => act.kind === "answer" || act.mark);
    if (read && this.current === id && idle && read.revision !== this.revision) this.#read(read);
  }

  /** Does what the reader asks, remembers how to undo it, and sends it on its way. */
  act(act) {
    if (this.locked || !this.current) return;
    this.history.remember(this.reading, act);
    this.#do(act);
  }

  undo() {
    this.#do(this.history?.undo(this.reading));
  }

  redo() {
    this.#do(this.history?.redo(this.reading));
  }

  #do(act) {
    if (!act || this.locked) return;
    this.reading = applied(this.reading, act);
    display.drawReading(this);
    this.outbox.put(this.current, act);
  }

  /** @param {number} by 1 for the next case of the part, -1 for the one before */
  step(by) {
    const cases = this.part?.cases ?? [];
    const next = cases[cases.findIndex(({ id }) => id === this.current) + by];
    if (next) this.show(next.id);
    else if (by > 0) this.home();
  }

  /** The next case of the part that is not done, from here on and then from the start. */
  nextOpen() {
    const cases = this.part?.cases ?? [];
    const here = cases.findIndex(({ id }) => id === this.current);
    const next = [...cases.slice(here + 1), ...cases.slice(0, here)].find(({ state }) => state !== "done");
    if (next) this.show(next.id);
    else this.home();
  }

  async home() {
    this.#close();
    await Promise.race([this.outbox.flush(), new Promise((resolve) => setTimeout(resolve, 1500))]);
    location.assign("/study");
  }

  choose(tool) {
    this.tool = tool;
    this.marks.crosshair = null;
    this.marks.sketch(null);
    display.drawTools(this);
  }

  setWindow(number) {
    const window = this.windows?.[number];
    if (!window) return;
    this.screen.setWindow(window);
  }

  fit() {
    if (this.screen.picture) this.screen.fit(this.box);
  }

  /** Everything that a button can ask for, by the name in its `data-do`. */
  #click(event) {
    const button = event.target.closest?.("[data-tool], [data-do], [data-window]");
    if (!button || button.disabled || button === this.glass) return;
    if (button.dataset.tool) return this.choose(button.dataset.tool);
    if (button.dataset.window) return this.setWindow(Number(button.dataset.window));
    const does = {
      invert: () => this.screen.invert(),
      fit: () => this.fit(),
      "one-to-one": () => this.screen.zoomTo(1),
      magnify: () => this.magnify(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      "second-window": () => this.window.toggle(),
      "full-screen": () => this.fullScreen(),
      help: () => at.help.showModal(),
      "close-help": () => at.help.close(),
      before: () => this.step(-1),
      next: () => this.step(1),
      "try-again": () => this.show(this.#asked, false),
    };
    if (does[button.dataset.do]) {
      event.preventDefault();
      does[button.dataset.do]();
    }
  }

  magnify() {
    this.magnifier.turn();
    display.drawTools(this);
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {});
  }

  #close() {
    if (!this.current) return;
    this.questions?.settle();
    if (!this.locked) {
      this.clock.tell();
      this.outbox.put(this.current, { kind: "close" });
    }
    this.current = null;
    this.glass.removeAttribute("data-shown");
  }

  #leave() {
    this.questions?.settle();
    if (this.current && !this.locked) this.clock.tell();
    this.outbox.leave();
  }

  #saved(caseId, answer) {
    const one = this.session.parts.flatMap((part) => part.cases ?? []).find(({ id }) => id === caseId);
    if (one && answer.state && one.state !== answer.state) {
      one.state = answer.state;
      display.drawPlace(this);
    }
    if (answer.revision === undefined) return;
    if (caseId !== this.current) return;
    // Another tab or machine wrote in between: its acts are read too.
    if (answer.before !== undefined && answer.before !== this.revision) this.#refresh();
    else this.revision = answer.revision;
  }

  #fetchAhead() {
    const cases = this.part?.cases ?? [];
    const here = cases.findIndex(({ id }) => id === this.current);
    for (const { id } of cases.slice(here + 1, here + 1 + AHEAD)) this.cases.prefetch(id);
  }
}

function caseInAddress() {
  return decodeURIComponent(location.pathname.split("/").at(-1));
}

try {
  const viewer = new Viewer(await api.session());
  viewer.show(caseInAddress(), false);
} catch (error) {
  if (error.status === 401) location.assign("/study");
  at.waiting.hidden = false;
  at.waiting.textContent = error.message;
}
