"""A server killed with -9 while answers come in: what was acknowledged is there, once."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest

from .conftest import access, answer_event


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(study, port=None):
    """A real server of the study; yields its address and process."""
    port = port or free_port()
    command = [sys.executable, "-m", "tamperscope", "study", "serve", str(study), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def signed_in(address, study):
    client = httpx.Client(base_url=address, timeout=30)
    link, password = access(study)["reader-1"]
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(link).text).group(1)
    assert client.post(link, data={"csrf": token, "password": password}).status_code == 303
    said = client.get("/api/session").json()
    client.headers["X-CSRF-Token"] = said["csrf"]
    return client, [one["id"] for one in said["parts"][0]["cases"]]


def kill_while_answering(study, times):
    rng = np.random.default_rng(7)
    acknowledged, number = set(), 0
    for _ in range(times):
        with serving(study) as (address, process), contextlib.suppress(httpx.TransportError):
            client, cases = signed_in(address, study)
            pid = os.fork()
            if pid == 0:  # kills at a moment that knows nothing of where the server is
                time.sleep(float(rng.uniform(0.05, 0.6)))
                os.kill(process.pid, signal.SIGKILL)
                os._exit(0)
            rng.uniform()
            try:
                while True:
                    number += 1
                    act = answer_event("remark", f"{number}", number=number)
                    answer = client.post(f"/api/case/{cases[number % 9]}/events", json={"events": [act, act]})
                    assert answer.status_code == 200
                    acknowledged.add(number)
            finally:
                os.waitpid(pid, 0)
    with sqlite3.connect(study / "study.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = [int(uuid, 16) for (uuid,) in database.execute("SELECT uuid FROM event")]
    print(f"{times} kills: {len(acknowledged)} answers acknowledged, {len(kept)} kept, {len(set(kept))} different ones")
    assert len(kept) == len(set(kept))
    assert acknowledged <= set(kept)
    assert len(kept) - len(acknowledged) <= times  # at most the one in flight
    assert len(acknowledged) > times


def test_server_killed_while_answers_come(study):
    kill_while_answering(study, 2)


@pytest.mark.slow
def test_server_killed_at_100_points(study):
    kill_while_answering(study, 100)
