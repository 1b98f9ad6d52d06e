"""Builds of small sets: the same bytes every time, whatever happens on the way."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tamperscope.benchmark.build import build
from tamperscope.benchmark.manifest import read_header, read_manifest
from tamperscope.benchmark.plan import make_plan
from tamperscope.benchmark.protocol import Protocol
from tamperscope.benchmark.sources.open import open_source
from tamperscope.errors import TamperscopeError
from tamperscope.forge.mammo_cgan import PAPER_GENERATORS
from tamperscope.forge.registry import FORGERS
from tamperscope.io.read import read_mammogram
from tamperscope.runtime.weights import WEIGHTS
from tests.benchmark.sources import write_cesm

JPEG = {"name": "q80", "step": {"kind": "jpeg", "quality": 80}}
FAMILIES = ["smooth-fill", "splice", "real-mass", "synthetic-mass"]
SMALL = {
    "name": "small",
    "version": 1,
    "purpose": "For the tests.",
    "seed": 5,
    "split": {"folds": 2},
    "sets": [
        {"name": "untouched", "kind": "untouched", "conditions": [JPEG]},
        {"name": "forged", "kind": "forged", "families": FAMILIES, "conditions": [JPEG]},
        {"name": "masses", "kind": "masses", "role": "train"},
    ],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_cesm(tmp_path_factory.mktemp("source") / "cesm")


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    return build(Protocol.model_validate(SMALL), [open_source(source)], tmp_path_factory.mktemp("set") / "one")


def test_the_manifest_tells_what_is_there(built):
    rows = read_manifest(built.folder)
    assert rows == built.rows
    assert {row.family for row in rows} == {"untouched", "mass", *FAMILIES}
    header = read_header(built.folder)
    assert header["state"] == "whole"
    assert header["protocol"]["seed"] == 5
    for row in rows:
        content = (built.folder / row.image).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.file_sha256
        stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert stored.dtype == np.uint16
        assert stored.max() < 4096
        assert hashlib.sha256(stored.astype("<u2").tobytes()).hexdigest() == row.pixels_sha256
        mask = cv2.imread(str(built.folder / row.mask), cv2.IMREAD_GRAYSCALE)
        assert int((mask > 0).sum()) == row.forged_pixels
        assert (row.forged_pixels * row.pitch_mm**2 >= 0.3) == bool(row.label)
        assert b"SYNTHETIC" in content[:600]
        assert json.loads((built.folder / row.record).read_text())["synthetic"] is True


def test_what_was_not_forged_is_the_untouched_image_bit_for_bit(built):
    for row in built.rows:
        if not row.label or row.condition != "plain":
            continue
        collection = row.source.collection
        untouched = cv2.imread(
            str(built.folder / "untouched" / collection / f"{row.source.image}.png"), cv2.IMREAD_UNCHANGED
        )
        forged = cv2.imread(str(built.folder / row.image), cv2.IMREAD_UNCHANGED)
        changed = forged != untouched
        assert changed.any()
        changed[row.reach["y0"] : row.reach["y1"], row.reach["x0"] : row.reach["x1"]] = False
        assert not changed.any()


def test_a_condition_hides_the_same_forgery_and_controls_take_the_same_trip(built):
    by_base = {}
    for row in built.rows:
        by_base.setdefault(row.base, {})[row.condition] = row
    pairs = [rows for rows in by_base.values() if len(rows) == 2]
    assert pairs
    for rows in pairs:
        plain, hidden = rows["plain"], rows["q80"]
        assert (plain.region, plain.forged_pixels, plain.label) == (hidden.region, hidden.forged_pixels, hidden.label)
        assert plain.pixels_sha256 != hidden.pixels_sha256


def test_donors_are_other_patients_of_the_same_part(built):
    by_image = {row.source.image: row for row in built.rows}
    donors = [row for row in built.rows if row.donor is not None]
    assert donors
    for row in donors:
        other = by_image[row.donor.image]
        assert other.patients != row.patients
        assert other.part == row.part


def test_a_row_makes_its_image_again(built):
    """Region, seed and parameters of the manifest are enough, with the untouched image."""
    from tamperscope.benchmark.prepare import from_record, read_record
    from tamperscope.forge.region import Region

    row = next(r for r in built.rows if r.family == "smooth-fill" and r.condition == "plain")
    path = built.folder / "untouched" / row.source.collection / f"{row.source.image}.png"
    mammogram = from_record(path, read_record(path)).read()
    again = FORGERS[row.forger]().repeat(mammogram, Region.from_record(row.region), seed=row.seed)
    stored = cv2.imread(str(built.folder / row.image), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(again.mammogram.source.stored, stored)
    np.testing.assert_array_equal(read_mammogram(built.folder / row.image).source.stored, stored)


def test_two_processes_give_the_same_bytes(built, source, tmp_path):
    again = build(Protocol.model_validate(SMALL), [open_source(source)], tmp_path / "two", processes=2)
    assert again.rows == built.rows


def test_a_killed_build_goes_on(built, source, tmp_path):
    protocol, out = tmp_path / "small.yaml", tmp_path / "killed"
    protocol.write_text(json.dumps(SMALL))
    command = [sys.executable, "-m", "tamperscope", "bench", "build", str(protocol), "--source", str(source)]
    command += ["--out", str(out), "--processes", "2"]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if len(list(out.glob("images/*/*.record.json"))) >= 4:
            break
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(100):
        if not any(Path("/proc", child).exists() for child in children):
            break
        time.sleep(0.1)
    else:
        pytest.fail("processes of the killed build go on")
    assert not (out / "manifest.jsonl").exists()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("images/*/*.plain.png")}
    assert kept
    done = build(Protocol.model_validate(SMALL), [open_source(source)], out)
    assert done.rows == built.rows
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())


def test_a_damaged_image_is_made_again(built, source, tmp_path):
    out = tmp_path / "damaged"
    first = build(Protocol.model_validate(SMALL), [open_source(source)], out)
    victim = out / next(row.image for row in first.rows if row.label)
    victim.write_bytes(victim.read_bytes()[:-200])
    again = build(Protocol.model_validate(SMALL), [open_source(source)], out)
    assert again.rows == built.rows
    assert hashlib.sha256(victim.read_bytes()).hexdigest() in {row.file_sha256 for row in again.rows}


def test_another_benchmark_in_the_folder_is_refused(built, source, tmp_path):
    other = Protocol.model_validate(SMALL | {"seed": 6})
    with pytest.raises(TamperscopeError, match="another benchmark"):
        build(other, [open_source(source)], built.folder)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TamperscopeError, match="no benchmark"):
        build(other, [open_source(source)], tmp_path)


def test_own_noise_adds_none(source, tmp_path):
    protocol = Protocol.model_validate(
        SMALL | {"prepare": "own-noise", "sets": [{"name": "untouched", "kind": "untouched"}]}
    )
    # Half of 760 x 440 is too small to be scored: a larger source.
    large = write_cesm(tmp_path / "large", images=2, height=1400, width=800)
    done = build(protocol, [open_source(large)], tmp_path / "own")
    original = read_mammogram(large / "train" / "IM0000.jpg")
    halved = original.pixels.reshape(700, 2, 400, 2).mean(axis=(1, 3))
    stored = cv2.imread(str(tmp_path / "own" / done.rows[0].image), cv2.IMREAD_UNCHANGED).astype(float)
    # The stored levels are those of the halved picture, 0.3 apart, and nothing else.
    difference = stored * 0.3 - halved
    assert np.ptp(difference) < 0.65
    assert not done.notes


def test_a_tone_bends_each_image_by_a_power_of_its_own(source, tmp_path):
    plain = SMALL | {"sets": [{"name": "untouched", "kind": "untouched"}]}
    pictures = []
    for name, settings in (("straight", plain), ("bent", plain | {"tone": 0.3}), ("again", plain | {"tone": 0.3})):
        made = build(Protocol.model_validate(settings), [open_source(source)], tmp_path / name)
        rows = sorted(made.rows, key=lambda row: row.id)
        pictures.append([cv2.imread(str(tmp_path / name / row.image), cv2.IMREAD_UNCHANGED) for row in rows])
    powers = []
    for straight, bent, again in zip(*pictures, strict=True):
        np.testing.assert_array_equal(bent, again)
        inside = (straight > 800) & (straight < 3600) & (bent > 0)
        powers.append(float(np.median(np.log(bent[inside] / 4096) / np.log(straight[inside] / 4096))))
    assert len(powers) >= 3
    assert np.ptp(powers) > 0.05
    assert all(np.exp(-0.32) < power < np.exp(0.32) for power in powers)


def test_a_family_whose_weights_do_not_ship(source, monkeypatch):
    wanted = {"name": "forged", "kind": "forged", "families": ["paper-mass"]}
    protocol = Protocol.model_validate(SMALL | {"sets": [SMALL["sets"][0], wanted]})
    monkeypatch.delenv(PAPER_GENERATORS, raising=False)
    mixed = SMALL["sets"][1] | {"families": ["retouch", "paper-mass"], "together": True}
    for sets in ([wanted], [mixed]):
        # A plan without it would be another one, here and not elsewhere.
        with pytest.raises(TamperscopeError, match="the family 'paper-mass' needs the folder"):
            make_plan(Protocol.model_validate(SMALL | {"sets": sets}), [open_source(source)])
    monkeypatch.setenv(PAPER_GENERATORS, str(WEIGHTS))
    forged = [version for version in make_plan(protocol, [open_source(source)]).versions if version.forgers]
    assert {version.forgers for version in forged} == {("mammo-cgan-paper",)}
    monkeypatch.delenv(PAPER_GENERATORS)
    unnamed = Protocol.model_validate(SMALL | {"sets": [{"name": "forged", "kind": "forged"}]})
    assert "paper-mass" not in unnamed.sets[0].families


def test_a_resumed_build_has_the_weights_that_it_began_with(source, tmp_path, monkeypatch):
    monkeypatch.setenv(PAPER_GENERATORS, str(WEIGHTS))
    wanted = {"name": "forged", "kind": "forged", "families": ["paper-mass"], "count": 1}
    protocol = Protocol.model_validate(SMALL | {"sets": [wanted]})
    built = build(protocol, [open_source(source)], tmp_path / "set")
    assert list(read_header(built.folder)["weights"]) == ["mammo-cgan-paper"]
    monkeypatch.setattr(FORGERS["mammo-cgan-paper"], "weights_hash", classmethod(lambda _: "others"))
    with pytest.raises(TamperscopeError, match="holds another benchmark"):
        build(protocol, [open_source(source)], tmp_path / "set")


def test_a_tone_leaves_no_comb(source, tmp_path):
    """Bent, 256 levels would lie apart, and forged pixels between them."""
    settings = SMALL | {"prepare": "as-is", "tone": 0.3, "sets": [{"name": "untouched", "kind": "untouched"}]}
    built = build(Protocol.model_validate(settings), [open_source(source)], tmp_path / "set")
    for row in built.rows:
        stored = cv2.imread(str(built.folder / row.image), cv2.IMREAD_UNCHANGED)
        counts = np.bincount(stored[stored > 0])
        used = np.flatnonzero(counts)
        middle = counts[int(np.quantile(used, 0.25)) : int(np.quantile(used, 0.75))]
        assert (middle > 0).mean() > 0.95
