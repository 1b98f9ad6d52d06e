"""Runs and reports on a small set."""

import json
import math

import cv2
import numpy as np
import pytest

from tamperscope.benchmark.build import build
from tamperscope.benchmark.contender import BASELINES, Contender, Opinion, load_contender
from tamperscope.benchmark.evaluate import OWN_FIGURES, Counts, evaluate
from tamperscope.benchmark.failures import draw_failures, find_failures
from tamperscope.benchmark.protocol import Protocol
from tamperscope.benchmark.report import AUDIT_RULE, write_report
from tamperscope.benchmark.run import heat_picture, read_run, read_scores, run
from tamperscope.benchmark.sources.open import open_source
from tamperscope.errors import TamperscopeError, UnscorableImageError
from tests.benchmark.sources import write_cesm

PROTOCOL = {
    "name": "small",
    "version": 1,
    "purpose": "For the tests.",
    "seed": 1,
    "split": {"folds": 2},
    "sets": [
        {"name": "untouched", "kind": "untouched"},
        {"name": "forged", "kind": "forged", "families": ["retouch", "copy-move"]},
    ],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    source = open_source(write_cesm(folder / "cesm", images=8))
    return build(Protocol.model_validate(PROTOCOL), [source], folder / "set")


def oracle(built):
    """A detector that knows the masks, by the pictures."""
    known = {}
    for row in built.rows:
        picture = cv2.imread(str(built.folder / row.image), cv2.IMREAD_UNCHANGED)
        known[picture.tobytes()] = cv2.imread(str(built.folder / row.mask), cv2.IMREAD_GRAYSCALE) / 255

    def judge(mammogram):
        mask = known[mammogram.source.stored.tobytes()].astype(np.float32)
        return Opinion(mask, float(mask.any()))

    return Contender("oracle", "1", judge, threshold=0.5)


def test_one_who_knows_gets_full_marks(built, tmp_path):
    scored = run(built.folder, oracle(built), tmp_path / "run")
    evaluation = evaluate(built.rows, scored, own_threshold=0.5, draws=100)
    overall = evaluation.groups[0]
    assert overall.kind == "overall"
    assert overall.forged == 16
    expected = dict.fromkeys(overall.figures, 1.0) | {"false alarms": 0.0}
    assert {name: figure.value for name, figure in overall.figures.items()} == expected
    # A bootstrap of what is always right has no width; Wilson's interval of 8 of 8 patients has.
    assert overall.figures["called fake"].low == pytest.approx(8 / (8 + 1.96**2), abs=1e-3)
    assert overall.figures["false alarms"].high == pytest.approx(1.96**2 / (8 + 1.96**2), abs=1e-3)
    assert overall.counts == Counts(found=16, inside=16, false_alarms=0)
    assert overall.parts == {"fold-0": 1.0, "fold-1": 1.0}
    without = evaluate(built.rows, scored, draws=100).groups[0]
    assert without.counts is None
    assert all(math.isnan(without.figures[name].value) for name in OWN_FIGURES)
    assert {group.name for group in evaluation.groups if group.kind == "family"} == {"retouch", "copy-move"}


def test_what_is_not_known_is_a_dash(built, tmp_path):
    """A part without images of a forger, and a detector without heat maps."""
    knows = oracle(built)
    run(
        built.folder,
        Contender("blind", "1", lambda m: Opinion(None, knows.judge(m).score), threshold=0.5),
        tmp_path / "run",
    )
    write_report([tmp_path / "run"], tmp_path / "report", draws=100)
    counted = (tmp_path / "report" / "report.md").read_text().split("untouched called fake")[1].split("##")[0]
    assert "nan" not in counted
    assert "| **all** | 16 | 1.00 [1.00, 1.00] | 16 | - | 0 of 8 |" in counted
    forgers = {row.forger: {r.part for r in built.rows if r.forger == row.forger} for row in built.rows if row.label}
    lacking = [name for name, parts in forgers.items() if len(parts) == 1]
    assert lacking
    for name in lacking:
        row = next(line for line in counted.splitlines() if line.startswith(f"| {name} |"))
        assert row.count("| -") >= 2


def test_sizes_part_the_forgeries_of_each_family(built, tmp_path):
    scored = run(built.folder, oracle(built), tmp_path / "run")
    sizes = [group for group in evaluate(built.rows, scored, draws=100).groups if group.kind == "size"]
    for family in ("all", "retouch", "copy-move"):
        rows = [row for row in built.rows if row.label and family in ("all", row.family)]
        small = sum(row.forged_pixels * row.pitch_mm**2 < 20 for row in rows)
        ours = [group for group in sizes if group.name.startswith(f"{family}, ")]
        assert sum(group.forged for group in ours) == len(rows)
        assert [group.forged for group in ours if group.name.endswith("under 20 mm2")] == ([small] if small else [])
        assert all(group.untouched == 8 for group in ours)


def test_mean_intensity_is_at_chance(built, tmp_path):
    evaluation = evaluate(built.rows, run(built.folder, load_contender("mean-intensity"), tmp_path / "run"), draws=100)
    assert 0.4 <= evaluation.groups[0].figures["AUC"].value <= 0.6


@pytest.mark.parametrize("name", list(BASELINES))
def test_baselines_give_what_is_asked_for(built, tmp_path, name):
    scored = run(built.folder, load_contender(name), tmp_path / "run")
    assert len(scored) == len(built.rows)
    for one, row in zip(sorted(scored, key=lambda one: one.id), built.rows, strict=True):
        assert np.isfinite(one.score)
        assert (one.inside.sum() > 0) == bool(row.label)
        assert heat_picture(tmp_path / "run", one.id).max() <= 255


def test_noise_inconsistency_finds_a_blurred_region(built, tmp_path):
    scored = {one.id: one for one in run(built.folder, load_contender("noise-inconsistency"), tmp_path / "run")}
    blurred = [scored[row.id] for row in built.rows if row.forger in ("retouch-blur", "retouch-denoise")]
    assert blurred
    assert np.mean([one.inside @ np.arange(1024) / one.inside.sum() for one in blurred]) > 1.5 * np.mean(
        [one.outside @ np.arange(1024) / one.outside.sum() for one in blurred]
    )


def test_an_interrupted_run_goes_on(built, tmp_path):
    calls = []

    def judge(mammogram):
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError("stopped")
        return Opinion(None, float(mammogram.pixels.mean()))

    contender = Contender("stops", "1", judge)
    with pytest.raises(TamperscopeError, match="what was scored is kept"):
        run(built.folder, contender, tmp_path / "run")
    with (tmp_path / "run" / "scores.jsonl").open("a") as lines:
        lines.write('{"id": "cut of')
    assert len(read_scores(tmp_path / "run")) == 4
    assert len(run(built.folder, contender, tmp_path / "run")) == len(built.rows)
    assert len(calls) == len(built.rows) + 1
    with pytest.raises(TamperscopeError, match="another run"):
        run(built.folder, Contender("other", "1", judge), tmp_path / "run")


def test_a_plug_in_is_a_function_of_the_picture(built, tmp_path, monkeypatch):
    (tmp_path / "my_detector.py").write_text(
        "def brightest(pixels):\n    return (pixels / pixels.max()).clip(0, 1), float(pixels.max())\n"
        "def bad(pixels):\n    return pixels, 0.0\n"
        "brightest.threshold = 900\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    scored = run(built.folder, load_contender("my_detector:brightest"), tmp_path / "run")
    assert len(scored) == len(built.rows)
    assert read_run(tmp_path / "run")["threshold"] == 900
    monkeypatch.setattr("my_detector.bad.threshold", 0, raising=False)
    with pytest.raises(TamperscopeError, match="between 0 and 1"):
        run(built.folder, load_contender("my_detector:bad"), tmp_path / "bad")
    monkeypatch.setattr("my_detector.bad.threshold", "high")
    with pytest.raises(TamperscopeError, match="no number: 'high'"):
        load_contender("my_detector:bad")
    for name, message in (
        ("my_detector:none", "can't be loaded"),
        ("no_such_module:f", "can't be loaded"),
        ("magic", "there is no detector 'magic'"),
    ):
        with pytest.raises(TamperscopeError, match=message):
            load_contender(name)


def test_images_that_are_not_scored_are_counted(built, tmp_path):
    def judge(mammogram):
        if mammogram.pixels.mean() > np.median(means):
            raise UnscorableImageError("too bright")
        return Opinion(None, float(mammogram.pixels.std()))

    from tamperscope.io.read import read_mammogram

    means = [read_mammogram(built.folder / row.image).pixels.mean() for row in built.rows]
    evaluation = evaluate(built.rows, run(built.folder, Contender("shy", "1", judge), tmp_path / "run"), draws=100)
    assert 0 < evaluation.not_scored < len(built.rows)


def test_the_report(built, tmp_path):
    runs = []
    for name in ("mean-intensity", "ela"):
        run(built.folder, load_contender(name), tmp_path / name)
        runs.append(tmp_path / name)
    page, entries, audits = write_report(runs, tmp_path / "report", draws=100)
    html = page.read_text()
    assert "mean-intensity" in html
    assert "data:image/png;base64," in html
    assert AUDIT_RULE in html
    assert AUDIT_RULE in (tmp_path / "report" / "report.md").read_text()
    assert [entry.detector for entry in entries] == ["mean-intensity", "ela"]
    assert {audit.name for audit in audits} == {
        "JPEG-grid strength",
        "global histogram",
        "place and size of the region",
        "resampled (periodicity)",
    }
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["runs"][0]["groups"][0]["figures"]["AUC"]["value"] == pytest.approx(
        entries[0].evaluation.groups[0].figures["AUC"].value
    )
    assert "| **all** | 16 |" in (tmp_path / "report" / "report.md").read_text()
    assert "untouched called fake" not in (tmp_path / "report" / "report.md").read_text()
    run(built.folder, oracle(built), tmp_path / "oracle")
    html = write_report([tmp_path / "oracle"], tmp_path / "counted", draws=100)[0].read_text()
    assert "<td>0 of 8</td><td>100.0% [86.2, 100.0]</td>" in html
    counted = (tmp_path / "counted" / "report.md").read_text()
    assert "| **all** | 16 | 1.00 [1.00, 1.00] | 16 | 16 | 0 of 8 | 100.0% [86.2, 100.0] | 1.00 | 1.00 |" in counted
    with pytest.raises(TamperscopeError, match="is no run"):
        write_report([tmp_path], tmp_path / "again")


def test_failures_are_drawn(built, tmp_path):
    knows = oracle(built)

    def judge(mammogram):
        heat, score = knows.judge(mammogram)
        return Opinion(heat, 0.9 - 0.8 * score)

    run(built.folder, Contender("liar", "1", judge, threshold=0.5), tmp_path / "run")
    found = find_failures(tmp_path / "run", each=1)
    assert [one.title for one in found] == [
        "untouched, called fake (0.900)",
        *(f"{forger}, missed (0.100)" for _, forger in sorted({(r.family, r.forger) for r in built.rows if r.label})),
    ]
    picture = cv2.imread(str(draw_failures(found, tmp_path / "run", tmp_path / "failures.png")))
    assert picture.shape[0] == -(-len(found) // 2) * 326 + 20
    assert picture.std() > 20

    run(built.folder, knows, tmp_path / "right")
    assert find_failures(tmp_path / "right") == []
    with pytest.raises(TamperscopeError, match="no failure"):
        draw_failures([], tmp_path / "right", tmp_path / "none.png")
    run(built.folder, load_contender("mean-intensity"), tmp_path / "no-threshold")
    with pytest.raises(TamperscopeError, match="no threshold of its own"):
        find_failures(tmp_path / "no-threshold")
