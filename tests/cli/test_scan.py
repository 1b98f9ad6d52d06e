"""The command as a person calls it: in a process of its own, on real files."""

import csv
import json
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.bad_inputs import make_bad_inputs


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "tamperscope", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def scanned(tmp_path_factory, dicom_files):
    """All eight real DICOM files, scanned once."""
    out = tmp_path_factory.mktemp("scan") / "out"
    result = run("scan", *dicom_files, "--out", out, "--format", "csv")
    return result, out


def test_every_real_file_is_scored(scanned, dicom_files):
    result, out = scanned
    assert result.returncode in (0, 1), result.stderr
    for file in dicom_files:
        facts = json.loads((out / f"{file.stem}.json").read_text())
        assert facts["path"] == str(file)
        assert re.fullmatch("[0-9a-f]{64}", facts["sha256"])
        assert facts["verdict"] in ("real", "fake")
        assert 0 <= facts["score"] <= 1
        assert (facts["score"] > facts["threshold"]) == (facts["verdict"] == "fake")
        assert facts["reason"]
        assert {"name", "version", "hash"} <= set(facts["model"])
        assert facts["seconds"] > 0
        assert facts["image"]["spacing"]["source"] == "frame"
        assert "24 x 30 cm" in facts["image"]["spacing"]["note"]
        scores = [region["score"] for region in facts["regions"]]
        assert scores == sorted(scores, reverse=True)
        for region in facts["regions"]:
            assert set(region) == {"x", "y", "width", "height", "score", "cue"}
            assert 0 <= region["x"] < region["x"] + region["width"] <= facts["image"]["width"]
            assert 0 <= region["y"] < region["y"] + region["height"] <= facts["image"]["height"]
        matrix = np.load(out / f"{file.stem}.scores.npy")
        assert (matrix.shape, matrix.dtype) == ((61, 61), np.float32)
        heat = cv2.imread(str(out / f"{file.stem}.heatmap.png"))
        assert heat.shape == (facts["image"]["height"], facts["image"]["width"], 3)


def test_exit_code_says_whether_one_is_fake(scanned):
    result, out = scanned
    verdicts = [json.loads(path.read_text())["verdict"] for path in out.glob("*.json")]
    assert result.returncode == (1 if "fake" in verdicts else 0)
    assert len(result.stdout.splitlines()) == len(verdicts) + 1


def test_table_has_a_row_an_image(scanned, dicom_files):
    _, out = scanned
    rows = list(csv.DictReader((out / "findings.csv").open(encoding="utf-8")))
    assert [row["path"] for row in rows] == [str(file) for file in dicom_files]


def test_page_is_self_contained(scanned, dicom_files):
    _, out = scanned
    page = (out / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r'src="([a-z]*:?)', page)) == {"data:"}
    assert all(link.startswith("./") for link in re.findall(r'href="([^"]*)', page))
    assert not re.search(r"https?://|@import|url\(", page)
    assert page.count('<tr class="row ') == page.count("data:image/jpeg") == len(dicom_files)


def test_a_folder_of_bad_inputs_says_why_and_the_good_one_is_scored(tmp_path, dicom_files):
    folder = tmp_path / "in"
    (folder / "bad").mkdir(parents=True)
    bad = make_bad_inputs(folder / "bad")
    assert len(bad) >= 30
    shutil.copy(dicom_files[0], folder / "good.dcm")
    out = tmp_path / "out"
    # Named one by one, so that none is skipped as "no image".
    result = run("scan", folder / "good.dcm", *(path for path, _ in bad), "--out", out)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr + result.stdout
    facts = {fact["path"]: fact for fact in (json.loads(path.read_text()) for path in out.rglob("*.json"))}
    assert facts[str(folder / "good.dcm")]["verdict"] in ("real", "fake")
    for path, pattern in bad:
        if path.is_dir():
            continue
        fact = facts[str(path)]
        assert (fact["verdict"], fact["score"]) == ("not-scored", None)
        assert re.search(pattern, fact["reason"]), (path.name, fact["reason"])
        assert str(path) in result.stdout


def test_names_that_could_do_harm(tmp_path, dicom_files):
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["<script>alert(1)<", "=cmd|' 'x", "line\nbreak", "ümläut ☂", "a" * 230, "'\"&"]
    for name in names:
        (folder / name).with_suffix(".dcm").write_bytes(b"no image")
    out = tmp_path / "out"
    result = run("scan", folder, "--out", out, "--format", "csv")
    assert result.returncode == 2
    assert len(list(out.glob("*.json"))) == len(names)
    assert "<script>alert" not in (out / "report.html").read_text(encoding="utf-8")
    assert len(result.stdout.splitlines()) == len(names) + 1
    for row in csv.reader((out / "findings.csv").open(encoding="utf-8", newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_equal_names_in_a_tree_do_not_collide(tmp_path):
    for place in ("a", "b", "a/c"):
        (tmp_path / "in" / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / place / "x.dcm").write_bytes(b"no image")
    (tmp_path / "in" / "a" / "x.png").write_bytes(b"no image")
    run("scan", tmp_path / "in", "--out", tmp_path / "out")
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.json"))
    assert found == ["a/c/x.json", "a/x.dcm.json", "a/x.png.json", "b/x.json"]


def test_results_inside_the_scanned_folder_are_not_scanned(tmp_path):
    (tmp_path / "x.dcm").write_bytes(b"no image")
    for _ in range(2):
        result = run("scan", tmp_path, "--out", tmp_path / "out")
        assert result.stdout.splitlines()[-1].startswith("1 image: 0 real, 0 fake, 1 not scored")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "EMPTY", "--out", "OUT"], "there is no image in"),
        (["scan", "--out", "OUT"], "Missing argument"),
        (["scan", "EMPTY"], "Missing option '--out'"),
        (["scan", "EMPTY", "--out", "OUT", "--format", "xml"], "xml"),
        (["scan", "FILE", "--out", "OUT", "--detector", "magic"], "'magic' is not one of 'multi-cue'"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_wrong_calls(tmp_path, arguments, message):
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "FILE").write_bytes(b"")
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_file_is_not_scored(tmp_path):
    result = run("scan", tmp_path / "nowhere.dcm", "--out", tmp_path / "out")
    assert result.returncode == 2
    facts = json.loads((tmp_path / "out" / "nowhere.json").read_text())
    assert (facts["verdict"], facts["sha256"]) == ("not-scored", None)


def test_two_arguments_of_one_name_do_not_collide(tmp_path):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "x.dcm").write_bytes(b"no image")
    files = [tmp_path / "one" / "x.dcm", tmp_path / "two" / "x.dcm"]
    run("scan", *files, "--out", tmp_path / "out")
    written = {json.loads(path.read_text())["path"]: path for path in (tmp_path / "out").rglob("*.json")}
    assert written == {str(file): tmp_path / "out" / file.parent.name / "x.json" for file in files}


def test_a_pipe_gets_no_colours_and_a_folder_says_what_it_skipped(tmp_path):
    (tmp_path / "x.dcm").write_bytes(b"no image")
    for number in range(8):
        (tmp_path / f"notes-{number}.txt").write_text("no image")
    result = run("scan", tmp_path, "--out", tmp_path / "out")
    assert "\x1b" not in result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].startswith("not-scored")
    assert sum(line.startswith("skipped") for line in lines) == 6
    assert "3 more files" in result.stdout


def test_results_are_not_written_into_a_file(tmp_path):
    (tmp_path / "x.dcm").write_bytes(b"no image")
    result = run("scan", tmp_path / "x.dcm", "--out", tmp_path / "x.dcm")
    assert result.returncode == 2
    assert "is a file" in result.stderr
