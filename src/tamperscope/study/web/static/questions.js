// The questions of a part, built from the server's words: choices, scales of 0 to 100, and free text.

import { element } from "./element.js";
import { Scale } from "./scale.js";

/**
 * @typedef {{id: string, kind: "choice" | "scale" | "text", words: string, help?: string, required?: boolean,
 *   options?: {value: any, words: string}[], ends?: string[]}} Question
 */

export class Questions {
  onAnswer = (_question, _value) => {};

  #asked = []; // {question, field, set(value), key(digit)}
  active = 0;

  /** @param {HTMLElement} place @param {Question[]} questions */
  constructor(place, questions, locked = false) {
    this.place = place;
    const makers = { choice: choiceField, scale: scaleField, text: textField };
    this.#asked = questions.map((question) => {
      const asked = makers[question.kind](question, (value) => this.onAnswer(question, value));
      asked.field.disabled = locked;
      return { question, ...asked };
    });
    place.replaceChildren(...this.#asked.map(({ field }) => field));
    this.#asked.forEach(({ field }, i) => {
      for (const event of ["focusin", "pointerdown"]) field.addEventListener(event, () => this.choose(i));
    });
    this.choose(0);
  }

  /** Shows the answers of a reading. */
  fill(answers) {
    for (const { question, set, field } of this.#asked) {
      const value = answers[question.id] ?? null;
      set(value);
      const missing = field.querySelector(".missing");
      if (missing) missing.hidden = !question.required || value !== null;
    }
  }

  /** Makes the first question that lacks its answer the active one. */
  chooseFirstMissing(answers) {
    const first = this.#asked.findIndex(({ question }) => question.required && (answers[question.id] ?? null) === null);
    this.choose(Math.max(0, first));
  }

  choose(number) {
    this.active = number;
    this.#asked.forEach(({ field }, i) => field.classList.toggle("active", i === number));
    this.#asked[number]?.field.scrollIntoView?.({ block: "nearest" });
  }

  step(by) {
    const count = this.#asked.length;
    if (count) this.choose((this.active + by + count) % count);
  }

  /** A digit answers the active question; a choice then passes on to the next one. */
  digit(digit) {
    const asked = this.#asked[this.active];
    if (!asked || asked.field.disabled || !asked.key(digit)) return;
    if (asked.question.kind === "choice" && this.active < this.#asked.length - 1) this.choose(this.active + 1);
  }

  /** Puts the caret into the text of the part's remark, or into the active question. */
  focus(kind) {
    const number = kind ? this.#asked.findIndex(({ question }) => question.kind === kind) : this.active;
    if (number < 0) return;
    this.choose(number);
    const field = this.#asked[number].field;
    (field.querySelector("input:checked") ?? field.querySelector("input, textarea"))?.focus();
  }

  /** Text that is still being typed is taken as it is. */
  settle() {
    for (const { settle } of this.#asked) settle?.();
  }
}

function frame(question, ...children) {
  const missing = question.required ? element("span", { className: "missing", textContent: "to answer", hidden: true }) : null;
  const help = question.help ? element("div", { className: "help-text", textContent: question.help }) : null;
  const legend = element("legend", {}, element("span", { textContent: question.words }), missing);
  return element("fieldset", { className: "question", attributes: { "data-question": question.id } }, legend, help, ...children);
}

function choiceField(question, answer) {
  const inputs = question.options.map((option) => {
    const input = element("input", { type: "radio", name: `question-${question.id}` });
    input.addEventListener("change", () => answer(option.value));
    return input;
  });
  // Options that are digits themselves, as 0 to 6 of a scale, are answered by that digit; others by their place.
  const digits = question.options.every(({ words }) => /^[0-9]$/.test(words));
  const keyOf = (option, i) => (digits ? Number(option.words) : i + 1);
  const labels = question.options.map((option, i) => {
    const hint = digits || i > 8 ? null : element("kbd", { textContent: String(i + 1), attributes: { "aria-hidden": "true" } });
    return element("label", {}, inputs[i], element("span", {}, option.words, hint));
  });
  return {
    field: frame(question, element("div", { className: "choices" }, ...labels)),
    set: (value) => question.options.forEach((option, i) => (inputs[i].checked = option.value === value)),
    key: (digit) => {
      const option = question.options.find((candidate, i) => keyOf(candidate, i) === digit);
      if (option) answer(option.value);
      return Boolean(option);
    },
  };
}

function scaleField(question, answer) {
  const scale = new Scale(question.words, answer);
  const ends = (question.ends ?? []).map((words) => element("span", { textContent: words }));
  if (ends.length) scale.place.append(element("div", { className: "ends" }, ...ends));
  return { field: frame(question, scale.place), set: (value) => scale.set(value), key: (digit) => scale.digit(digit) };
}

function textField(question, answer) {
  const text = element("textarea", { rows: 3, maxLength: 4000, attributes: { "aria-label": question.words } });
  let known = "";
  let timer = 0;
  const settle = () => {
    clearTimeout(timer);
    if (text.value === known) return;
    known = text.value;
    answer(known === "" ? null : known);
  };
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(settle, 700);
  });
  text.addEventListener("blur", settle);
  const set = (value) => {
    if (text.ownerDocument.activeElement === text && text.value !== known) return; // never under the hands of the writer
    known = value ?? "";
    text.value = known;
  };
  return { field: frame(question, text), set, settle, key: () => false };
}
