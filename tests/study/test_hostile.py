"""What a hostile browser sends is escaped or refused, never a failure of the server, never kept half."""

import itertools

import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.study.config import load_config

from .conftest import access, answer_event, write_config

AT = "2026-01-02T03:04:05Z"
MARK = {"id": "a" * 32, "kind": "box", "shape": {"x": 1, "y": 1, "width": 2, "height": 2}, "confidence": 50}
BAD_VALUES = [None, True, -1, 1e308, "x" * 70, "<script>", [], {}, "\0", "' OR 1=1 --", "../../etc/passwd", 2**70]


def bad_events():
    good = answer_event("health", "healthy", number=1)
    for name, value in itertools.product(("uuid", "kind", "at", "question"), BAD_VALUES):
        yield good | {name: value}
    yield from (good | {"value": value} for value in BAD_VALUES if value is not None)
    yield from (answer_event("confidence", value) for value in (True, -1, 101, 1e308, "50", [], {}))
    mark = {"uuid": "b" * 32, "at": AT, "kind": "mark-add"}
    yield from (mark | {"mark": MARK | {"id": value}} for value in BAD_VALUES)
    yield from (mark | {"mark": MARK | {"confidence": value}} for value in BAD_VALUES if value is not None)
    yield from (mark | {"mark": MARK | {"shape": MARK["shape"] | {"width": value}}} for value in BAD_VALUES)
    yield from (mark | {"mark": value} for value in BAD_VALUES)
    yield from (good | {"extra": 1}, answer_event("remark", "x" * 4001), good | {"active_ms": -5})


def test_at_least_100_hostile_acts_are_refused_and_nothing_of_them_is_kept(reader):
    case = reader.session()["parts"][0]["cases"][0]["id"]
    events = list(bad_events())
    assert len(events) >= 100
    for event in events:
        answer = reader.act(case, answer_event("birads", "1"), event)
        assert answer.status_code == 422, (event, answer.text)
    assert reader.get(f"/api/case/{case}").json()["revision"] == 0


def test_bodies_that_are_no_events(reader):
    case = reader.session()["parts"][0]["cases"][0]["id"]
    for body in ("", "[]", "{", '{"events": NaN}', "[" * 100_000, '{"events": 5}', "\ud800"):
        answer = reader.post(f"/api/case/{case}/events", content=body.encode("utf-8", "surrogatepass"))
        assert answer.status_code == 422, body[:20]
    assert reader.post(f"/api/case/{case}/events", content=b"x" * 2_000_000).status_code == 413


def test_a_script_in_a_remark_stays_text(reader):
    case = reader.session()["parts"][0]["cases"][0]["id"]
    words = "<script>alert(1)</script>"
    assert reader.act(case, answer_event("remark", words)).status_code == 200
    answer = reader.get(f"/api/case/{case}")
    assert answer.json()["answers"]["remark"] == words
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_without_the_token_or_from_another_site_nothing_is_taken(reader):
    case = reader.session()["parts"][0]["cases"][0]["id"]
    body = {"events": [answer_event("health", "healthy")]}
    for headers in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": "x"}, {"Origin": "https://elsewhere.example"}):
        assert reader.post(f"/api/case/{case}/events", json=body, headers=headers).status_code == 403
    reader.cookies.clear()
    assert reader.post(f"/api/case/{case}/events", json=body).status_code == 401


def test_passwords_can_be_tried_five_times(app, study):
    from starlette.testclient import TestClient

    client = TestClient(app)
    link, password = access(study)["reader-1"]
    codes = []
    for tried in ["wrong"] * 5 + [password]:
        token = client.get(link).text.split('name="csrf" value="')[1].split('"')[0]
        codes.append(client.post(link, data={"csrf": token, "password": tried}, follow_redirects=False).status_code)
    assert codes == [403] * 5 + [429]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("title: First series", "title: Real or fake", "blind"),
        ("seed: 1", "sead: 1", "sead"),
        ("id: second", "id: first", "same id"),
        ("kind: scale", "kind: slider", "kind"),
        ("title: Mammography", "title: [", "no YAML"),
    ],
)
def test_a_wrong_configuration_gets_one_sentence(tmp_path, old, new, words):
    path = write_config(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(TamperscopeError, match=words):
        load_config(path)
