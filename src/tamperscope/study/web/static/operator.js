// The operator's page: who is how far, what is missing, locking and reopening with a reason.

import * as api from "./api.js";
import { confirm } from "./dialogs.js";
import { element } from "./element.js";

const AGAIN = 20_000; // ms

async function draw() {
  await api.session();
  const said = await api.progress();
  document.getElementById("title").textContent = said.study.title;
  document.getElementById("rows").replaceChildren(...said.rows.map(row));
  document.getElementById("agreement").replaceChildren(...(said.agreement ?? []).map(agreement));
  document.getElementById("audit").replaceChildren(...(said.audit ?? []).map(audited));
  document.getElementById("at").textContent = `As of ${new Date().toLocaleTimeString()}`;
}

function row(one) {
  const name = element("td", {}, one.reader);
  if (one.simulated) name.append(" ", element("span", { className: "state", textContent: "simulated" }));
  const bar = element("progress", { max: one.total, value: one.done, attributes: { "aria-label": `${one.done} of ${one.total}` } });
  return element(
    "tr",
    {},
    name,
    element("td", { textContent: one.part }),
    element("td", {}, element("span", { className: `state ${one.state}`, textContent: one.state === "closed" ? "not open yet" : one.state })),
    element("td", {}, bar),
    element("td", { className: "number", textContent: `${one.done} of ${one.total}` }),
    element("td", { className: "number", textContent: one.missing ? String(one.missing) : "–" }),
    element("td", { className: "number", textContent: spell(one.seconds) }),
    element("td", { className: "number", textContent: one.median_seconds === null ? "–" : spell(one.median_seconds) }),
    element("td", { className: "soft", textContent: one.last ? whenOf(one.last) : "–" }),
    element("td", {}, button(one)),
  );
}

function button(one) {
  if (one.state === "closed") return "";
  const locks = one.state === "open";
  const made = element("button", { type: "button", className: "button", textContent: locks ? "Lock" : "Reopen" });
  made.addEventListener("click", async () => {
    const reason = await confirm({
      title: locks ? `Lock ${one.part} of ${one.reader}?` : `Reopen ${one.part} of ${one.reader}?`,
      words: [locks ? "The reader can change nothing after this." : "The reader can change answers again.", "The reason is kept in the audit."],
      yes: locks ? "Lock" : "Reopen",
      reason: "Reason",
    });
    if (!reason) return;
    try {
      await (locks ? api.operatorLock : api.operatorReopen)(one.reader_id, one.part_id, reason);
      tell(null);
    } catch (error) {
      tell(error.message);
    }
    await draw();
  });
  return made;
}

function agreement(one) {
  const figure = one.hidden ? "hidden until every reader has locked" : one.value;
  return element("tr", {}, element("td", { textContent: one.words }), element("td", { textContent: figure, className: one.hidden ? "soft" : "" }));
}

function audited(one) {
  const cells = [whenOf(one.at), one.who, one.what, one.reason ?? ""];
  return element("tr", {}, ...cells.map((text) => element("td", { textContent: text })));
}

/** Day and minute, as the browser's language writes them. */
function whenOf(time) {
  return new Date(time).toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });
}

function spell(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${rest} s` : `${rest} s`;
}

function tell(words) {
  const place = document.getElementById("message");
  place.hidden = !words;
  place.textContent = words ?? "";
}

const drawn = () => draw().catch((error) => tell(error.message));
drawn();
setInterval(() => document.visibilityState === "visible" && !document.querySelector("dialog[open]") && drawn(), AGAIN);
