"""Plans of injections, on real processes that are killed."""

import csv
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tamperscope import Injector, read_mammogram
from tests.cli.test_scan import run
from tests.forge.images import write_image
from tests.io.make import breast, mg_dataset, save


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_image(folder, "a16.png", seed=1)
    write_image(folder, "b.npy", seed=2)
    save(folder / "c.dcm", mg_dataset(breast()))
    return folder


def write_plan(folder, rows, name="plan.csv"):
    path = folder / name
    with path.open("w", newline="") as text:
        table = csv.DictWriter(text, ["image", "square", "threshold", "noise_model", "seed"])
        table.writeheader()
        table.writerows(rows)
    return path


def some_rows(images, count):
    names = ["a16.png", "b.npy", "c.dcm"]
    return [
        {
            "image": images / names[number % 3],
            "square": f"{20 + number % 40},{200 + number % 30},100",
            "threshold": 200 + number % 7,
            "noise_model": ["white", "matched"][number % 2],
            "seed": number,
        }
        for number in range(count)
    ]


def files_of(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name not in ("injections.csv", ".lock")}


def statuses(out):
    with (out / "injections.csv").open() as text:
        return [row["status"] for row in csv.DictReader(text)]


def start_and_kill(plan, out, *, after):
    """Start a batch and kill -9 it once there are so many results."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tamperscope", "inject", "--batch", str(plan), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    give_up = time.monotonic() + 120
    while len(list(out.glob("[!.]*.record.json"))) < after and time.monotonic() < give_up:
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.005)
    process.kill()
    process.wait()


def test_a_row_gives_what_the_api_gives(images, tmp_path):
    (row, *_) = some_rows(images, 1)
    result = run("inject", "--batch", write_plan(tmp_path, [row]), "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    written = read_mammogram(tmp_path / "out" / "000001-a16.png")
    source = read_mammogram(images / "a16.png")
    same = Injector.load().inject(source, (20, 200, 100), threshold=200, noise_model="white", seed=0)
    np.testing.assert_array_equal(written.source.stored, same.mammogram.source.stored)


def kill_and_resume(images, tmp_path, *, rows, kills):
    plan = write_plan(tmp_path, some_rows(images, rows))
    assert run("inject", "--batch", plan, "--out", tmp_path / "whole").returncode == 0
    out = tmp_path / "killed"
    for number in range(1, kills + 1):
        start_and_kill(plan, out, after=number * rows // (kills + 1))
    done = {file.name: file.stat().st_mtime_ns for file in out.glob("0*") if not file.name.endswith((".json", "k.png"))}
    assert 0 < len(done) < rows
    result = run("inject", "--batch", plan, "--out", out)
    assert result.returncode == 0, result.stderr
    assert statuses(out).count("there already") == len(done)
    assert statuses(out).count("done") == rows - len(done)
    assert all((out / name).stat().st_mtime_ns == before for name, before in done.items())
    assert files_of(out) == files_of(tmp_path / "whole")
    assert len(files_of(out)) == 3 * rows


def test_killed_and_resumed_nothing_is_lost_or_done_twice(images, tmp_path):
    kill_and_resume(images, tmp_path, rows=18, kills=2)


@pytest.mark.slow
def test_killed_many_times(images, tmp_path):
    kill_and_resume(images, tmp_path, rows=1000, kills=12)


def test_half_written_files_of_a_killed_call_are_removed(images, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".000001-a16.png.4711.part").write_bytes(b"half")
    (out / ".mine.part").write_bytes(b"not ours")
    plan = write_plan(tmp_path, some_rows(images, 1))
    assert run("inject", "--batch", plan, "--out", out).returncode == 0
    assert sorted(file.name for file in out.glob("*.part")) == [".mine.part"]


def test_bad_rows_are_told_and_stop_no_others(images, tmp_path):
    rows = some_rows(images, 3)
    (tmp_path / "text.dcm").write_text("hello")
    bad = [
        {**rows[0], "square": "9000,0,100"},
        {**rows[0], "image": tmp_path / "none.dcm"},
        {**rows[0], "image": tmp_path / "text.dcm"},
        {**rows[0], "threshold": "much"},
        {**rows[0], "threshold": 5000},
    ]
    out = tmp_path / "out"
    result = run("inject", "--batch", write_plan(tmp_path, [rows[0], *bad, *rows[1:]]), "--out", out)
    assert result.returncode == 2
    for number, reason in [(2, "not inside"), (3, "not exist"), (4, "is text"), (5, "'much'"), (6, "nothing would be")]:
        assert any(line.startswith(f"row {number}: ") and reason in line for line in result.stderr.splitlines())
    assert "8 rows: 3 done, 0 there already, 5 failed." in result.stdout
    assert "Traceback" not in result.stderr
    assert statuses(out) == ["done"] + 5 * ["failed"] + 2 * ["done"]


def test_a_result_of_another_plan_is_kept(images, tmp_path):
    out, rows = tmp_path / "out", some_rows(images, 2)
    assert run("inject", "--batch", write_plan(tmp_path, rows), "--out", out).returncode == 0
    before = files_of(out)
    rows[0]["seed"] = 77
    result = run("inject", "--batch", write_plan(tmp_path, rows), "--out", out)
    assert result.returncode == 2
    assert "row 1: 000001-a16.png is there already and is not of this row" in result.stderr
    assert files_of(out) == before


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_two_batches_in_one_folder(images, tmp_path):
    import fcntl

    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("inject", "--batch", write_plan(tmp_path, some_rows(images, 1)), "--out", tmp_path / "out")
    assert result.returncode == 2
    assert "another batch is writing into" in result.stderr


def test_every_record_says_synthetic_and_its_row(images, tmp_path):
    plan = write_plan(tmp_path, some_rows(images, 3))
    assert run("inject", "--batch", plan, "--out", tmp_path / "out").returncode == 0
    records = [json.loads(file.read_text()) for file in sorted((tmp_path / "out").glob("*.record.json"))]
    assert [record["request"]["row"] for record in records] == [1, 2, 3]
    assert all(record["synthetic"] for record in records)
    assert str(images) not in json.dumps(records)


@pytest.mark.parametrize("option", [["--square", "random"], ["--threshold", "400"], ["--seed", "1"]])
def test_options_that_the_plan_says_are_refused(images, tmp_path, option):
    plan = write_plan(tmp_path, some_rows(images, 1))
    result = run("inject", "--batch", plan, *option, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert f"--batch takes no {option[0]}" in result.stderr


@pytest.mark.parametrize("fault", ["image", "mask", "source"])
def test_what_is_there_is_not_taken_for_whole_when_it_is_not(images, tmp_path, fault):
    folder, out = tmp_path / "images", tmp_path / "out"
    folder.mkdir()
    (folder / "a16.png").write_bytes((images / "a16.png").read_bytes())
    plan = write_plan(tmp_path, some_rows(folder, 1))
    assert run("inject", "--batch", plan, "--out", out).returncode == 0
    assert "1 there already" in run("inject", "--batch", plan, "--out", out).stdout
    written = out / "000001-a16.png"
    if fault == "image":
        written.write_bytes(b"no")
    elif fault == "mask":
        (out / "000001-a16.png.mask.png").unlink()
    else:
        write_image(folder, "a16.png", seed=9)
    result = run("inject", "--batch", plan, "--out", out)
    assert result.returncode == 2
    assert (
        "of another image of that name" if fault == "source" else "damaged, or its mask is missing"
    ) in result.stderr
