import dataclasses
import json
import os
import signal
import threading
import time
from functools import partial

import cv2
import numpy as np
import pytest

from tamperscope.detect.detectors import load_detector
from tamperscope.errors import TamperscopeError
from tamperscope.report import scan_image as scanning
from tamperscope.report.batch import CRASHED, find_inputs, scan_batch, scan_in_processes
from tests.io.make import breast, mg_dataset, save
from tests.report.doubles import DetectorDouble


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abcde":
        save(folder / f"{name}.dcm", mg_dataset(breast(640, 420)))
    return folder


def scan(paths, out, detector, **options):
    return list(scan_batch(find_inputs(paths, out).images, out, detector, **options))


def scan_apart(paths, out, load, *, jobs=2):
    return list(scan_in_processes(find_inputs(paths, out).images, out, load, jobs=jobs))


def facts_of(out):
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("*.json"))}


def test_outcomes_come_in_order_and_are_what_was_written(folder, tmp_path):
    out = tmp_path / "out"
    outcomes = scan([folder], out, DetectorDouble(b=0.9))
    assert [outcome.base.name for outcome in outcomes] == list("abcde")
    facts = facts_of(out)
    for outcome in outcomes:
        assert json.loads(json.dumps(outcome.facts)) == facts[outcome.base.name]
        assert outcome.json_path.is_file()
        assert cv2.imread(str(outcome.heatmap_path)).shape == (640, 420, 3)
    assert [facts[name]["verdict"] for name in "abcde"] == ["real", "fake", "real", "real", "real"]
    region = facts["b"]["regions"][0]
    assert region["score"] == 1
    scores = np.load(out / "b.scores.npy")
    assert (scores.shape, scores.dtype) == ((61, 61), np.float32)


def test_an_unexpected_exception_costs_one_image_only(folder, tmp_path, capsys):
    detector = DetectorDouble(b=ZeroDivisionError("oops"), c=TamperscopeError("the weights are gone."))
    outcomes = scan([folder], tmp_path / "out", detector)
    assert [outcome.verdict for outcome in outcomes] == ["real", "not-scored", "not-scored", "real", "real"]
    assert outcomes[1].facts["reason"] == "internal error: ZeroDivisionError: oops"
    assert outcomes[2].facts["reason"] == "the weights are gone."
    assert "Traceback" not in capsys.readouterr().err
    scan([folder], tmp_path / "out", detector, debug=True)
    assert "ZeroDivisionError: oops" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["read_mammogram", "write_outcome"])
def test_a_fault_in_reading_or_drawing_costs_one_image_only(folder, tmp_path, monkeypatch, broken):
    whole = getattr(scanning, broken)

    def fails_on_c(*arguments):
        if arguments[0].stem == "c" and (broken == "read_mammogram" or arguments[3] is not None):
            raise RuntimeError("oops")
        return whole(*arguments)

    monkeypatch.setattr(scanning, broken, fails_on_c)
    outcomes = scan([folder], tmp_path / "out", DetectorDouble())
    assert [outcome.verdict for outcome in outcomes] == ["real", "real", "not-scored", "real", "real"]
    facts = facts_of(tmp_path / "out")["c"]
    assert facts["reason"] == "internal error: RuntimeError: oops"
    assert facts["score"] is None
    assert len(facts["sha256"]) == 64
    assert not (tmp_path / "out" / "c.heatmap.png").exists()


def test_a_full_disk_ends_the_scan(folder, tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scanning, "write_outcome", full)
    with pytest.raises(OSError, match="No space left"):
        scan([folder], tmp_path / "out", DetectorDouble())


def test_a_number_that_is_none_is_no_verdict(folder, tmp_path):
    class Broken(DetectorDouble):
        def scan(self, mammogram):
            return dataclasses.replace(super().scan(mammogram), score=float("nan"))

    outcomes = scan([folder / "a.dcm"], tmp_path / "out", Broken())
    assert outcomes[0].verdict == "not-scored"
    assert "internal error" in facts_of(tmp_path / "out")["a"]["reason"]


def test_pictures_of_an_earlier_scan_do_not_contradict_a_later_one(folder, tmp_path):
    out = tmp_path / "out"
    scan([folder], out, DetectorDouble())
    scan([folder], out, DetectorDouble(a=ValueError("oops")))
    assert not (out / "a.heatmap.png").exists()
    assert not (out / "a.scores.npy").exists()
    assert (out / "b.heatmap.png").exists()


def test_stopping_early_leaves_whole_files(folder, tmp_path):
    out = tmp_path / "out"
    outcomes = scan_batch(find_inputs([folder], out).images, out, DetectorDouble())
    next(outcomes)
    outcomes.close()
    assert {path.suffix for path in out.iterdir()} <= {".json", ".png", ".npy"}
    for path in out.glob("*.json"):
        assert json.loads(path.read_text())["verdict"] == "real"
        assert cv2.imread(str(path.with_suffix(".heatmap.png"))) is not None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("scan")]


def test_few_images_are_held_at_once(folder, tmp_path, monkeypatch):
    held, most = set(), []
    whole_read, whole_write = scanning._read, scanning._write

    def reading(path, *arguments, **options):
        held.add(path)
        most.append(len(held))
        return whole_read(path, *arguments, **options)

    def writing(path, *arguments, **options):
        outcome = whole_write(path, *arguments, **options)
        held.discard(path)
        return outcome

    monkeypatch.setattr(scanning, "_read", reading)
    monkeypatch.setattr(scanning, "_write", writing)
    for name in range(20):
        os.link(folder / "a.dcm", folder / f"more-{name}.dcm")
    assert len(scan([folder], tmp_path / "out", DetectorDouble(), jobs=3)) == 25
    assert max(most) == 3


def test_results_inside_the_scanned_folder_are_not_scanned(folder):
    out = folder / "results"
    for _ in range(2):
        assert len(scan([folder], out, DetectorDouble())) == 5


def test_results_beside_the_images_are_not_scanned(folder):
    for _ in range(2):
        assert len(scan([folder], folder, DetectorDouble())) == 5
    assert len(scan([folder], folder.parent, DetectorDouble())) == 5


def test_an_image_is_never_written_over(folder):
    original = (folder / "a.dcm").read_bytes()
    (folder / "a.heatmap.png").write_bytes(original)
    with pytest.raises(TamperscopeError, match="is an image to scan, and would be written over"):
        scan([folder], folder, DetectorDouble())
    assert (folder / "a.heatmap.png").read_bytes() == original


def test_a_pipe_does_not_hold_up_the_scan(tmp_path):
    os.mkfifo(tmp_path / "pipe.dcm")
    outcome = scan([tmp_path / "pipe.dcm"], tmp_path / "out", DetectorDouble())[0]
    assert (outcome.verdict, outcome.facts["sha256"]) == ("not-scored", None)


def test_a_name_that_is_no_text_is_kept_in_the_json(tmp_path):
    file = os.fsencode(tmp_path) + b"/caf\xe9.dcm"
    with open(file, "wb") as stream:
        stream.write(b"no image")
    scan([tmp_path], tmp_path / "out", DetectorDouble())
    (written,) = (tmp_path / "out").glob("*.json")
    facts = json.loads(written.read_bytes().decode("utf-8"))
    assert os.fsencode(facts["path"]) == file


class Deadly(DetectorDouble):
    """One that ends its process at an image, as a decoder that crashes does."""

    def scan(self, mammogram):
        if mammogram.source.path.stem in self.says:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().scan(mammogram)


def test_processes_find_what_threads_find(folder, tmp_path):
    (folder / "d.dcm").write_bytes(b"no image")
    threads = scan([folder], tmp_path / "threads", DetectorDouble(b=0.9))
    apart = scan_apart([folder], tmp_path / "apart", partial(DetectorDouble, b=0.9))
    assert [outcome.facts for outcome in apart] == [outcome.facts for outcome in threads]
    assert [outcome.verdict for outcome in apart] == ["real", "fake", "real", "not-scored", "real"]
    for file in (tmp_path / "threads").iterdir():
        assert (tmp_path / "apart" / file.name).read_bytes() == file.read_bytes()


def test_processes_of_a_real_detector_agree_with_threads(tmp_path, dicom_files):
    load = partial(load_detector, "forensic-transfer", threads=1)
    threads = scan(dicom_files[:3], tmp_path / "threads", load())
    apart = scan_apart(dicom_files[:3], tmp_path / "apart", load)
    for one, other in zip(threads, apart, strict=True):
        assert {**one.facts, "seconds": 0} == {**other.facts, "seconds": 0}


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("deadly", ["a", "be", "abcde"])
def test_an_image_that_ends_its_process_costs_itself_only(folder, tmp_path, deadly):
    outcomes = scan_apart([folder], tmp_path / "out", partial(Deadly, **dict.fromkeys(deadly, 0.5)))
    assert [outcome.base.name for outcome in outcomes] == list("abcde")
    for name, facts in facts_of(tmp_path / "out").items():
        assert facts["verdict"] == ("not-scored" if name in deadly else "real")
        assert facts["reason"] == CRASHED or name not in deadly
        assert len(facts["sha256"]) == 64
    assert {path.suffix for path in (tmp_path / "out").iterdir()} <= {".json", ".png", ".npy"}


def test_a_detector_that_does_not_load_is_no_fault_of_the_images(folder, tmp_path):
    with pytest.raises(TamperscopeError, match="the processes that scan can't be started"):
        scan_apart([folder], tmp_path / "out", partial(load_detector, "x"))
    assert not (tmp_path / "out").exists()


class Slow(DetectorDouble):
    """One that takes its time."""

    def scan(self, mammogram):
        time.sleep(0.5)
        return super().scan(mammogram)


def test_what_is_begun_when_the_caller_stops_is_finished_and_no_more(folder, tmp_path):
    for name in range(20):
        os.link(folder / "a.dcm", folder / f"more-{name}.dcm")
    out = tmp_path / "out"
    outcomes = scan_in_processes(find_inputs([folder], out).images, out, Slow, jobs=2)
    next(outcomes)
    outcomes.close()
    written = {path.name.split(".")[0] for path in out.iterdir()}
    assert 1 <= len(written) <= 4
    assert len(list(out.iterdir())) == 3 * len(written)


def test_a_full_disk_ends_a_scan_in_processes_too(folder, tmp_path):
    (tmp_path / "out").write_bytes(b"no folder")
    with pytest.raises(OSError, match="out"):
        scan_apart([folder], tmp_path / "out", DetectorDouble)


class OneAtATime(DetectorDouble):
    """One that ends its process if another is at work: there is memory for one only."""

    def scan(self, mammogram):
        import fcntl

        with (mammogram.source.path.parent.parent / "busy").open("w") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.3)
            return super().scan(mammogram)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_where_many_together_fail_fewer_are_scanned_at_once(folder, tmp_path):
    outcomes = scan_apart([folder], tmp_path / "out", OneAtATime, jobs=2)
    assert [outcome.verdict for outcome in outcomes] == ["real"] * 5
