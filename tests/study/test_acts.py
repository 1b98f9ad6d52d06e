"""Acts of a reader: kept once, in order, and never lost."""

import sqlite3

import pytest

from tamperscope.study.server import app_for

from .conftest import answer_event, finish, sign_in


def first_case(client):
    return client.session()["parts"][0]["cases"][0]["id"]


def test_an_act_sent_twice_is_kept_once(reader, study):
    case = first_case(reader)
    said = answer_event("health", "healthy", number=1)
    first = reader.act(case, said, said).json()
    again = reader.act(case, said).json()
    assert first["accepted"] == [said["uuid"]] * 2
    assert (first["before"], first["revision"], again["before"], again["revision"]) == (0, 1, 1, 1)
    with sqlite3.connect(study / "study.db") as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_two_tabs_see_each_other_and_the_last_act_wins(app, study, reader):
    other = sign_in(app, study)
    case = first_case(reader)
    reader.act(case, answer_event("health", "healthy"))
    other.act(case, answer_event("health", "unhealthy"))
    reader.act(case, answer_event("birads", "4"))
    assert reader.get(f"/api/case/{case}").json()["answers"] == {"health": "unhealthy", "birads": "4"}


def test_marks_are_added_changed_deleted_and_brought_back(reader):
    case = first_case(reader)
    mark = {"id": "a" * 32, "kind": "box", "shape": {"x": 1, "y": 2, "width": 3.5, "height": 4}, "confidence": None}
    act = {"at": "2026-01-02T03:04:05Z"}
    reader.act(case, act | {"uuid": "1" * 32, "kind": "mark-add", "mark": mark})
    reader.act(case, act | {"uuid": "2" * 32, "kind": "mark-edit", "mark": mark | {"confidence": 80}})
    assert reader.get(f"/api/case/{case}").json()["marks"] == [mark | {"confidence": 80}]
    reader.act(case, act | {"uuid": "3" * 32, "kind": "mark-delete", "mark": {"id": "a" * 32}})
    assert reader.get(f"/api/case/{case}").json()["marks"] == []
    reader.act(case, act | {"uuid": "4" * 32, "kind": "mark-add", "mark": mark})
    assert reader.get(f"/api/case/{case}").json()["marks"] == [mark]


def test_time_comes_from_the_monotonic_clock_whatever_the_wall_clocks_say(reader, monkeypatch):
    case = first_case(reader)
    view = {"kind": "view", "active_ms": 1500}
    reader.act(case, view | {"uuid": "1" * 32, "at": "2026-01-02T03:04:05Z"})
    monkeypatch.setattr("tamperscope.study.store.time.time", lambda: 1000.0)  # the server's clock falls back
    reader.act(case, view | {"uuid": "2" * 32, "at": "1999-01-02T03:04:05Z"})
    monkeypatch.undo()
    reader.act(case, answer_event("health", "healthy"))
    said = reader.get(f"/api/case/{case}").json()
    assert said["seconds"] == 3.0
    assert said["answers"] == {"health": "healthy"}


def test_what_is_kept_can_neither_be_changed_nor_deleted(reader, study):
    reader.act(first_case(reader), answer_event("health", "healthy"))
    with sqlite3.connect(study / "study.db") as database:
        for change in ("UPDATE event SET kind = 'open'", "DELETE FROM event"):
            with pytest.raises(sqlite3.IntegrityError, match="kept as they came"):
                database.execute(change)


def test_a_full_disk_refuses_the_act_and_keeps_the_ones_before(app, reader, study):
    case = first_case(reader)
    reader.act(case, answer_event("health", "healthy"))
    engine = app.state.store.engine
    raw = engine.raw_connection()
    pages = raw.cursor().execute("PRAGMA page_count").fetchone()[0]
    raw.cursor().execute(f"PRAGMA max_page_count = {pages}")
    raw.close()
    refused = [0, 0]
    while refused[0] != 503:
        answered = reader.act(case, answer_event("remark", "x" * 4000))
        refused = [answered.status_code, refused[1] + 1]
        assert refused[1] < 20
    assert answered.json() == {"error": "The server could not save this. It will be tried again."}
    assert answered.headers["Retry-After"] == "5"
    again = sign_in(app_for(study), study)
    assert again.get(f"/api/case/{case}").json()["answers"]["health"] == "healthy"
    assert again.act(case, answer_event("birads", "2")).status_code == 200


def test_a_locked_part_takes_nothing_and_the_next_one_opens(reader):
    case = first_case(reader)
    assert reader.post("/api/part/first/lock", json={}).json()["missing"][0]["number"] == 1
    finish(reader)
    assert reader.act(case, answer_event("health", "unhealthy")).status_code == 409
    assert reader.get(f"/api/case/{case}").status_code == 403
    assert [part["state"] for part in reader.session()["parts"]] == ["locked", "open"]


def test_operator_locks_and_reopens_with_a_reason_and_sees_agreement_only_at_the_end(app, study, reader):
    operator = sign_in(app, study, "operator")
    body = {"reader": "reader-1", "part": "first"}
    assert operator.post("/api/operator/lock", json=body | {"reason": " "}).status_code == 422
    assert operator.post("/api/operator/reopen", json=body | {"reason": "wrong monitor"}).status_code == 409
    assert reader.post("/api/operator/lock", json=body | {"reason": "because"}).status_code == 403
    finish(reader)
    shown = operator.get("/api/operator/progress").json()
    assert shown["agreement"][0]["hidden"]
    assert not shown["agreement"][0]["value"]
    assert operator.post("/api/operator/reopen", json=body | {"reason": "wrong monitor"}).status_code == 200
    assert [part["state"] for part in reader.session()["parts"]] == ["open", "closed"]
    for name in ("reader-1", "reader-2", "reader-3"):
        operator.post("/api/operator/lock", json=body | {"reader": name, "reason": "end of the study"})
    shown = operator.get("/api/operator/progress").json()
    first = [one for one in shown["agreement"] if one["words"].startswith("First")]
    assert not any(one["hidden"] for one in first)
    assert "wrong monitor [a later part was open already]" in [one["reason"] for one in shown["audit"]]
