"""A small study in a folder, and clients that are signed in."""

import contextlib
import csv
import json
import re
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import uvicorn
import yaml

pytest.importorskip("fastapi")
pytest.importorskip("sqlalchemy")

from starlette.testclient import TestClient

from tamperscope.study.create import create_study
from tamperscope.study.server import app_for

TEMPLATE = Path(__file__).parents[2] / "src" / "tamperscope" / "study" / "report-study.yaml"
SECRET_NAME = "SECRETNAME"


def write_images(folder, groups, *, shape=(640, 512)):
    """Synthetic breasts as 16-bit PNGs, with the list of them; returns the list's rows."""
    import cv2

    rng = np.random.default_rng(5)
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    rows = []
    for number, group in enumerate(groups):
        height, width = shape[0] - 8 * (number % 3), shape[1] - 8 * (number % 2)
        breast = (xx / (0.7 * shape[1])) ** 2 + ((yy - shape[0] / 2) / (0.45 * shape[0])) ** 2 < 1
        pixels = np.where(breast, 1500 + 300 * rng.standard_normal(shape), 0).clip(0, 4095).astype(np.uint16)
        name = f"{SECRET_NAME}-{group}-{number}.png"
        cv2.imwrite(str(folder / name), pixels[:height, :width])
        rows.append(
            {
                "path": name,
                "truth": "fake" if group == "forged" else "real",
                "healthy": "healthy" if group == "healthy" else "unhealthy",
                "source": f"s{number}",
                "patient": f"p{number // 2}",
                "forger": ("telea", "mammo-cgan")[number % 2] if group == "forged" else "",
                "lesions": "" if group == "healthy" else f"{60 + number} 300 40 40",
            }
        )
    with (folder / "images.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def write_config(folder, *, draws=((3, 3, 3), (2, 2, 2)), simulated=False, readers=3):
    """The shipped template with fewer images and readers."""
    config = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    for part, (forged, healthy, unhealthy) in zip(config["parts"], draws, strict=True):
        part["draw"] = {"forged": forged, "healthy": healthy, "unhealthy": unhealthy}
    config["readers"] = config["readers"][:readers]
    for reader in config["readers"]:
        reader["simulated"] = simulated
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def make_study(folder, **options):
    """A study's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_images(folder, ["forged"] * 5 + ["healthy"] * 5 + ["unhealthy"] * 5)
    return create_study(write_config(folder, **options), folder / "study")


def access(study):
    """Who to (link, password)."""
    with (study / "access.csv").open(encoding="utf-8") as stream:
        return {row["who"]: (row["link"], row["password"]) for row in csv.DictReader(stream)}


@contextlib.contextmanager
def live(study):
    """The study's app behind a real HTTP server on a free port of this machine; yields its address."""
    config = uvicorn.Config(app_for(study), port=0, log_level="warning", access_log=False, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def sign_in(app, study, who="reader-1"):
    """A client that is signed in, with `csrf`, `session()` and `act(case, *events)`."""
    client = TestClient(app, base_url="http://testserver", raise_server_exceptions=False)
    link, password = access(study)[who]
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(link).text).group(1)
    answer = client.post(link, data={"csrf": token, "password": password}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    client.session = lambda: client.get("/api/session").json()
    client.csrf = client.session()["csrf"]
    client.headers["X-CSRF-Token"] = client.csrf
    client.act = lambda case, *events: client.post(f"/api/case/{case}/events", json={"events": list(events)})
    return client


def answer_event(question, value, number=None, **more):
    """An act as the viewer sends it."""
    import secrets

    uuid = secrets.token_hex(16) if number is None else f"{number:032x}"
    at = "2026-01-02T03:04:05.678Z"
    return {"uuid": uuid, "at": at, "kind": "answer", "question": question, "value": value} | more


def finish(client, part=0):
    """Answers every required question of a part's cases and locks it."""
    said = client.session()["parts"][part]
    for one in said["cases"]:
        events = [
            answer_event(q["id"], q["options"][0]["value"] if q["kind"] == "choice" else 70)
            for q in said["questions"]
            if q["required"]
        ]
        assert client.act(one["id"], *events).json()["state"] == "done"
    assert client.post(f"/api/part/{said['id']}/lock", json={}).status_code == 200


@pytest.fixture(scope="session")
def fresh_study(tmp_path_factory):
    """A study's folder, to be copied: 9 blind cases and 6 open ones, three readers."""
    return make_study(tmp_path_factory.mktemp("fresh"))


@pytest.fixture
def study(fresh_study, tmp_path):
    """A study of one's own."""
    return Path(shutil.copytree(fresh_study, tmp_path / "study"))


@pytest.fixture
def app(study):
    return app_for(study)


@pytest.fixture
def reader(app, study):
    return sign_in(app, study)


def truth_of(study):
    return json.loads((study / "truth.json").read_text(encoding="utf-8"))
