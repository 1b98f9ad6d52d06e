// The overview: the parts, how far they are, the remark for the series, and locking a part.

import * as api from "./api.js";
import { confirm } from "./dialogs.js";
import { Outbox } from "./outbox.js";
import { element } from "./element.js";

const STATES = { closed: "not open yet", open: "open", locked: "locked" };

async function draw() {
  const session = await api.session();
  await sendWaiting(session.reader.id);
  const { study, reader, parts } = await api.session();
  document.getElementById("title").textContent = study.title;
  document.getElementById("reader").textContent = reader.name;
  document.getElementById("parts").replaceChildren(...parts.map(partCard));
}

/** What a closed browser left behind goes first. */
function sendWaiting(reader) {
  const outbox = new Outbox(reader, api.sendEvents);
  return Promise.race([outbox.flush(), new Promise((resolve) => setTimeout(resolve, 3000))]);
}

function partCard(part) {
  const state = element("span", { className: `state ${part.state}`, textContent: STATES[part.state] ?? part.state });
  const card = element("section", { className: `card ${part.state === "closed" ? "waits" : ""}` });
  card.append(element("div", { className: "head" }, element("h2", { textContent: part.title }), state));
  if (part.opens) card.append(element("p", { className: "soft", textContent: `Opens on ${new Date(part.opens).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" })}` }));
  if (part.state === "closed") return card;
  if (part.instructions) card.append(element("p", { className: "instructions", textContent: part.instructions }));
  const done = part.cases.filter((one) => one.state === "done").length;
  const count = `${done} of ${part.cases.length} cases done`;
  card.append(
    element("div", {}, element("div", { className: "row apart soft" }, count), element("progress", { max: part.cases.length, value: done, attributes: { "aria-label": count } })),
  );
  if (part.remark?.asked) card.append(remarkField(part));
  if (part.state === "open") card.append(actions(part, done));
  return card;
}

function remarkField(part) {
  const text = element("textarea", { rows: 3, maxLength: 4000, value: part.remark.text ?? "", disabled: part.state !== "open" });
  const said = element("span", { className: "soft", attributes: { role: "status" } });
  let timer = 0;
  let known = text.value;
  const save = async () => {
    clearTimeout(timer);
    if (text.value === known) return;
    const sent = text.value;
    said.textContent = "· Saving";
    try {
      await api.sendRemark(part.id, sent);
      known = sent;
      said.textContent = "· Saved";
    } catch (error) {
      said.textContent = `· Not saved yet: ${error.message}`;
      timer = setTimeout(save, 3000);
    }
  };
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, 700);
  });
  text.addEventListener("blur", save);
  part.saveRemark = save;
  return element("label", { className: "field" }, element("span", {}, part.remark.words ?? "Remark on the series as a whole", "  ", said), text);
}

function actions(part, done) {
  const next = part.cases.find((one) => one.state !== "done") ?? part.cases[0];
  const words = done === 0 && part.cases.every((one) => one.state === "new") ? "Begin" : done < part.cases.length ? "Go on" : "Look again";
  const go = element("a", { className: done < part.cases.length ? "button main" : "button", href: `/study/case/${encodeURIComponent(next.id)}`, textContent: words });
  const lock = element("button", { type: "button", className: done === part.cases.length ? "button main" : "button", textContent: "Lock this part" });
  lock.addEventListener("click", () => lockPart(part, done));
  return element("div", { className: "row" }, go, lock);
}

async function lockPart(part, done) {
  await part.saveRemark?.();
  const left = part.cases.length - done;
  if (left) return tell(`${left} ${left === 1 ? "case still lacks" : "cases still lack"} an answer. A part is locked when every case is done.`);
  const given = await confirm({
    title: `Lock “${part.title}”?`,
    words: [`All ${part.cases.length} cases are done.`, "After this, its answers can be looked at no more and changed no more. What comes next opens."],
    yes: "Lock",
  });
  if (given === null) return;
  try {
    await api.lockPart(part.id);
    tell(null);
  } catch (error) {
    const missing = (error.said?.missing ?? []).slice(0, 12).map((one) => `case ${one.number}`).join(", ");
    tell(missing ? `${error.message} Still to answer: ${missing}.` : error.message);
  }
  await draw();
}

function tell(words) {
  const place = document.getElementById("message");
  place.hidden = !words;
  place.textContent = words ?? "";
  if (words) place.scrollIntoView({ block: "nearest" });
}

draw().catch((error) => tell(error.message));
