// Time at work on a case: the page is in sight, and something was touched within the last minute.

const IDLE = 60_000; // ms
const REPORT = 15_000;

export class Clock {
  #active = 0;
  #last = 0;
  #touched = 0;

  /** @param {(ms: number) => void} report called every 15 s and when the case is left, with the time since the last call */
  constructor(report) {
    this.report = report;
    const touch = () => {
      this.#count();
      this.#touched = performance.now();
    };
    for (const event of ["pointermove", "pointerdown", "keydown", "wheel"]) {
      addEventListener(event, touch, { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => this.#count());
    setInterval(() => this.tell(), REPORT);
  }

  start() {
    this.#active = 0;
    this.#last = this.#touched = performance.now();
  }

  /** Reports what has been counted. */
  tell() {
    this.#count();
    const whole = Math.round(this.#active);
    this.#active = 0;
    if (whole > 0) this.report(whole);
  }

  #count() {
    const now = performance.now();
    const until = Math.min(now, this.#touched + IDLE);
    if (!this.hidden && until > this.#last) this.#active += until - this.#last;
    this.#last = now;
    this.hidden = document.visibilityState === "hidden";
  }
}
