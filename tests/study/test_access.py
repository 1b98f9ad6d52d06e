"""Who gets in, for how long, and when the next part opens."""

import sqlite3
import time
from datetime import datetime

import pytest
import yaml
from starlette.testclient import TestClient

from tamperscope.study.create import create_study
from tamperscope.study.pace import Pace
from tamperscope.study.server import app_for

from .conftest import access, answer_event, finish, sign_in, write_config, write_images


@pytest.fixture
def clock(monkeypatch):
    """The server's wall clock, which can be put forward; by hours."""

    class Clock:
        ahead = 0.0

        def forward(self, hours):
            self.ahead += 3600 * hours

    clock, now = Clock(), time.time
    for place in ("sessions", "store"):
        monkeypatch.setattr(f"tamperscope.study.{place}.time.time", lambda: now() + clock.ahead)
    return clock


def test_passwords_are_kept_as_argon2id_and_tokens_as_hashes(app, study, reader):
    with sqlite3.connect(study / "study.db") as database:
        hashes = [kept for (kept,) in database.execute("SELECT password_hash FROM reader")]
        hashes += [database.execute("SELECT value FROM study WHERE key = 'operator_password'").fetchone()[0]]
        tokens = [kept for (kept,) in database.execute("SELECT token_hash FROM session")]
    assert len(hashes) == 4
    assert all(kept.startswith("$argon2id$") for kept in hashes)
    content = b"".join(path.read_bytes() for path in study.glob("study.db*"))
    for _, password in access(study).values():
        assert password.encode() not in content
    assert reader.cookies["session"].encode() not in content
    assert len(tokens) == 1


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(app, study):
    client = TestClient(app)
    link, password = access(study)["reader-1"]
    token = client.get(link).text.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post(link, data={"csrf": token, "password": password}, follow_redirects=False)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("session=")]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_cookies_of_a_server_behind_https_go_over_nothing_else(study):
    client = TestClient(app_for(study, secure=True), base_url="https://testserver")
    assert "Secure" in client.get(access(study)["reader-1"][0]).headers["set-cookie"]


def test_a_session_ends_two_hours_after_the_last_act(reader, clock):
    clock.forward(1.9)
    assert reader.get("/api/session").status_code == 200
    clock.forward(1.9)
    assert reader.get("/api/session").status_code == 200
    clock.forward(2.1)
    assert reader.get("/api/session").status_code == 401


def test_a_session_ends_after_twelve_hours_whatever_is_done(reader, clock):
    for _ in range(7):
        clock.forward(1.6)
        assert reader.get("/api/session").status_code == 200
    clock.forward(1.6)
    assert reader.get("/api/session").status_code == 401


def test_signing_out_ends_the_session(reader):
    answer = reader.post("/sign-out", data={"csrf": reader.csrf})
    assert "saved" in answer.text
    assert reader.get("/api/session").status_code == 401


def test_a_wash_out_keeps_the_next_part_closed(tmp_path, clock):
    write_images(tmp_path, ["forged"] * 2 + ["healthy"] * 2 + ["unhealthy"] * 2)
    path = write_config(tmp_path, draws=((1, 1, 1), (1, 1, 1)), readers=1)
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said["parts"][1]["wash_out_hours"] = 24 * 28
    said |= {"session_hours": 72, "idle_minutes": 24 * 60}
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    study = create_study(path, tmp_path / "study")
    app = app_for(study)
    reader = sign_in(app, study)
    finish(reader)
    opens = time.time() + 3600 * 24 * 28
    assert [part["state"] for part in reader.session()["parts"]] == ["locked", "closed"]
    second = app.state.store.cases_of("reader-1", "second")[0].id
    clock.forward(24 * 28 - 1)
    reader = sign_in(app, study)
    shown = reader.session()["parts"][1]
    assert set(shown) == {"id", "title", "state", "opens"}
    assert datetime.fromisoformat(shown["opens"]).timestamp() == pytest.approx(opens, abs=60)
    assert reader.act(second, answer_event("health", "healthy")).status_code == 403
    clock.forward(2)
    assert [part["state"] for part in reader.session()["parts"]] == ["locked", "open"]
    assert reader.act(second, answer_event("health", "healthy")).status_code == 200


def test_a_flood_is_held_up_and_then_let_through(app, reader, monkeypatch):
    app.state.pace = Pace(rate=1, burst=5)
    now = time.monotonic()
    monkeypatch.setattr("tamperscope.study.pace.time.monotonic", lambda: now)
    answers = [reader.get("/api/session") for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].json() == {"error": "Too many requests at once. Wait a moment."}
    monkeypatch.setattr("tamperscope.study.pace.time.monotonic", lambda: now + 2)
    assert [reader.get("/api/session").status_code for _ in range(3)] == [200, 200, 429]
