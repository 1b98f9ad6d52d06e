"""Nothing that a reader of the blind part gets tells forged from real."""

import json

import numpy as np
import pytest

from tamperscope.study.config import TELLING

from .conftest import SECRET_NAME, answer_event, finish, sign_in, truth_of

TRUTH_WORDS = (SECRET_NAME, "tamper", "forge", "fake", "synthe", "mammo-cgan", "telea", "1.2.840", "2.25.", 'lesions"')


def everything_served(client):
    """Name to (headers, body) of all pages, scripts, answers, errors and pictures of the blind part."""
    from tamperscope.study.pages import _static

    cases = [one["id"] for one in client.session()["parts"][0]["cases"]]
    paths = ["/", "/study", "/api/session", "/nothing", "/api/nothing", "/openapi.json", "/docs", "/operator/sign-in"]
    paths += ["/operator", "/api/operator/progress", "/static/nothing.js", "/truth.json", "/static/../truth.json"]
    paths += [f"/static/{name}" for name in _static()]
    for case in cases:
        paths += [f"/study/case/{case}", f"/api/case/{case}", f"/api/case/{case}/pixels"]
    served = {path: client.get(path) for path in paths}
    served["lock"] = client.post("/api/part/first/lock", json={})
    served["second"] = client.post("/api/part/second/lock", json={})
    served["refused"] = client.act(cases[0], {"kind": "nothing"})
    served["event"] = client.act(cases[0], answer_event("health", "healthy"))
    return served


def test_no_byte_of_the_blind_part_tells(reader, study):
    served = everything_served(reader)
    secrets = [word.lower().encode() for word in TRUTH_WORDS]
    secrets += [source.encode() for source in {f'"{one["source"]}"' for one in truth_of(study).values()}]
    secrets += [image.encode() for image in truth_of(study)]  # shared by readers, so not for them to see
    for path, answer in served.items():
        content = (str(dict(answer.headers)) + str(answer.url)).lower().encode() + answer.content.lower()
        for secret in secrets:
            assert secret not in content, (path, secret)
        if not path.endswith("/pixels") and not path.startswith("/static"):
            assert not TELLING.search(answer.text), (path, TELLING.search(answer.text).group())


def test_pictures_and_cases_differ_in_nothing_but_their_pixels(reader):
    served = everything_served(reader)
    for end in ("/pixels", ""):
        answers = [a for path, a in served.items() if path.startswith("/api/case/") and path.endswith(end or path[-5:])]
        answers = [a for a in answers if str(a.url).endswith("/pixels") == bool(end)]
        assert len({len(a.content) for a in answers}) == 1
        assert len({json.dumps(sorted(dict(a.headers).items())) for a in answers}) == 1
        assert len(answers) == 9


def test_the_second_part_is_closed_until_the_first_is_locked(reader, app):
    assert reader.session()["parts"][1] == {"id": "part-2", "title": "Part 2", "state": "closed", "opens": None}
    second = app.state.store.cases_of("reader-1", "second")[0].id
    for path in (f"/api/case/{second}", f"/api/case/{second}/pixels"):
        assert reader.get(path).status_code == 403
    assert reader.act(second, answer_event("health", "healthy")).status_code == 403
    assert reader.post("/api/part/second/remark", json={"remark": "x"}).status_code == 403
    finish(reader)
    assert reader.get(f"/api/case/{second}").status_code == 200


def test_another_readers_case_is_refused_like_one_that_does_not_exist(app, study, reader):
    theirs = sign_in(app, study, "reader-2").session()["parts"][0]["cases"][0]["id"]
    for path in ("/api/case/{}", "/api/case/{}/pixels", "/study/case/{}"):
        refused, absent = reader.get(path.format(theirs)), reader.get(path.format("0" * 32))
        assert (refused.status_code, refused.text) == (403, absent.text)
    assert reader.act(theirs, answer_event("health", "healthy")).status_code == 403


@pytest.mark.slow
def test_times_tell_nothing(reader, app, study):
    import time

    truth = truth_of(study)
    cases = app.state.store.cases_of("reader-1", "first")
    labels, times = [], []
    for _ in range(40):
        for one in np.random.default_rng(len(times)).permutation(np.array(cases, dtype=object)):
            start = time.perf_counter()
            reader.get(f"/api/case/{one.id}/pixels")
            times.append(time.perf_counter() - start)
            labels.append(truth[one.image_id]["forged"])
    from tamperscope.judge.delong import auc_interval

    interval = auc_interval(labels, times)
    assert interval.low < 0.5 < interval.high, interval
