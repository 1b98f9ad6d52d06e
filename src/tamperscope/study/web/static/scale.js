// A slider of 0 to 100 that has no value until the reader gives one.

import { element } from "./element.js";

export class Scale {
  constructor(words, answer) {
    this.answer = answer;
    this.input = element("input", { type: "range", min: 0, max: 100, step: 1, attributes: { "aria-label": words } });
    this.output = element("output");
    this.place = element("div", { className: "scale" }, this.input, this.output);
    this.input.addEventListener("input", () => this.#show(this.input.valueAsNumber));
    this.input.addEventListener("change", () => answer(this.input.valueAsNumber));
    this.input.addEventListener("pointerup", () => {
      if (this.input.classList.contains("unset")) this.#give(this.input.valueAsNumber); // a click on the middle
    });
    this.input.addEventListener("keydown", (event) => {
      if (/^[0-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.stopPropagation();
        this.digit(Number(event.key));
      }
    });
    this.set(null);
  }

  set(value) {
    this.input.value = String(value ?? 50);
    this.#show(value);
  }

  /** 1 to 9 are tens, 0 is 100. */
  digit(digit) {
    this.#give(digit === 0 ? 100 : 10 * digit);
    return true;
  }

  #give(value) {
    this.input.value = String(value);
    this.#show(value);
    this.answer(value);
  }

  #show(value) {
    this.input.classList.toggle("unset", value === null);
    this.output.textContent = value === null ? "–" : String(value);
    this.input.setAttribute("aria-valuetext", value === null ? "not given" : String(value));
  }
}
