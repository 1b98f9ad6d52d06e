"""Undo and redo, and acts on their way to a server that fails at random."""

import pytest

UNDO = """async (seed) => {
  const { applied, History, newId } = await import("/static/acts.js");
  let state = seed;
  const random = () => ((state = (state * 1103515245 + 12345) % 2147483648), state / 2147483648);
  const pick = (list) => list[Math.floor(random() * list.length)];
  let reading = { answers: {}, marks: [] };
  const history = new History();
  const readings = [JSON.stringify(sorted(reading))];
  const step = (act) => (reading = applied(reading, act));
  for (let i = 0; i < 200; i++) {
    const known = reading.marks;
    const kind = pick(["answer", "mark-add", "mark-edit", "mark-delete"]);
    let act = { kind: "answer", question: pick(["a", "b"]), value: pick([null, 1, 2, "x"]) };
    if (kind === "mark-add") act = { kind, mark: { id: newId(), kind: "point", shape: {}, confidence: null } };
    else if (kind !== "answer" && known.length) {
      act = { kind, mark: { ...pick(known), confidence: Math.floor(random() * 100) } };
    }
    history.remember(reading, act);
    step(act);
    readings.push(JSON.stringify(sorted(reading)));
  }
  const back = [JSON.stringify(sorted(reading))];
  for (let act; (act = history.undo(reading)); ) back.push(JSON.stringify(sorted(step(act))));
  const again = [JSON.stringify(sorted(reading))];
  for (let act; (act = history.redo(reading)); ) again.push(JSON.stringify(sorted(step(act))));
  return { readings, back: back.reverse(), again };

  function sorted({ answers, marks }) {
    const given = Object.entries(answers).filter(([, value]) => value !== null).sort();
    return { given, marks: [...marks].sort((one, other) => (one.id < other.id ? -1 : 1)) };
  }
}"""


@pytest.mark.parametrize("seed", range(5))
def test_undo_and_redo_pass_through_the_same_readings(modules, seed):
    said = modules.evaluate(UNDO, seed)
    assert len(said["readings"]) == 201
    assert said["back"] == said["readings"]
    assert said["again"] == said["readings"]


SEND = """async ({ seed, restarts }) => {
  const { Outbox } = await import("/static/outbox.js");
  let state = seed;
  const random = () => ((state = (state * 1103515245 + 12345) % 2147483648), state / 2147483648);
  const server = new Map();  // what the server kept, by id
  const send = async (caseId, events) => {
    await new Promise((resolve) => setTimeout(resolve, 2 * random()));
    if (random() < 0.2) throw Object.assign(new Error("away"), { status: 0, retryAfter: 0.002 });
    for (const event of events) if (!server.has(event.uuid)) server.set(event.uuid, [caseId, event.value]);
    if (random() < 0.2) throw Object.assign(new Error("lost on the way back"), { status: 502, retryAfter: 0.002 });
    return {};
  };
  const put = [];
  let outbox;
  for (let life = 0; life <= restarts; life++) {
    outbox = new Outbox("reader", send);  // a browser that was closed left the old one's acts in the storage
    for (let i = 0; i < 20; i++) {
      const value = `${life}-${i}`;
      const caseId = random() < 0.5 ? "one" : "two";
      outbox.put(caseId, { kind: "answer", question: "q", value });
      put.push([caseId, value]);
      if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, 3 * random()));
    }
  }
  for (let i = 0; i < 500 && (outbox.waiting || outbox.state !== "saved"); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { put, kept: [...server.values()], waiting: outbox.waiting, state: outbox.state };
}"""


@pytest.mark.parametrize("seed", range(4))
def test_every_act_arrives_once_and_in_order_whatever_fails(modules, seed):
    said = modules.evaluate(SEND, {"seed": seed, "restarts": 0})
    assert said["kept"] == said["put"]
    assert (said["waiting"], said["state"]) == (0, "saved")


@pytest.mark.parametrize("seed", range(4))
def test_every_act_arrives_once_after_restarts(modules, seed):
    said = modules.evaluate(SEND, {"seed": seed, "restarts": 3})
    assert len(said["kept"]) == 80
    assert sorted(said["kept"]) == sorted(said["put"])
    assert said["waiting"] == 0


REFUSED = """async () => {
  const { Outbox } = await import("/static/outbox.js");
  const kept = [];
  const send = async (_case, events) => {
    if (events.some(({ value }) => value === "bad")) {
      throw Object.assign(new Error("That is not a value."), { status: 422 });
    }
    kept.push(...events.map(({ value }) => value));
    return {};
  };
  const outbox = new Outbox("reader", send);
  for (const value of ["a", "bad", "b"]) outbox.put("case", { kind: "answer", question: "q", value });
  const other = new Outbox("another", async () => kept.push("wrong reader"));
  await other.flush();
  for (let i = 0; i < 100 && outbox.waiting; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  const put_by = Object.keys(localStorage).filter((key) => key.startsWith("refused."));
  return { kept, state: outbox.state, put_by: put_by.map((key) => JSON.parse(localStorage[key]).why) };
}"""


def test_a_refused_act_is_put_by_and_holds_up_nothing(modules):
    assert modules.evaluate(REFUSED) == {
        "kept": ["a", "b"],
        "state": "refused",
        "put_by": ["That is not a value."],
    }


FULL = """async () => {
  const { Outbox } = await import("/static/outbox.js");
  localStorage.setItem("x", "x".repeat(5 * 1024 * 1024 - 60));
  const kept = [];
  let away = true;
  const send = async (_case, events) => {
    if (away) throw Object.assign(new Error("away"), { status: 0, retryAfter: 0.005 });
    kept.push(...events.map(({ value }) => value));
    return {};
  };
  const outbox = new Outbox("reader", send);
  for (const value of ["a", "b", "c"]) outbox.put("case", { kind: "answer", question: "q", value });
  const waiting = outbox.waiting;
  away = false;
  for (let i = 0; i < 100 && outbox.waiting; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  return { waiting, kept };
}"""


def test_a_full_storage_loses_nothing(modules):
    assert modules.evaluate(FULL) == {"waiting": 3, "kept": ["a", "b", "c"]}
