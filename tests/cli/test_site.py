"""What a site teaches the detector: what its untouched images look like, and a new kind of forgery."""

import json
import shutil

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from tamperscope.cli.adapt import adapt
from tamperscope.cli.calibrate import calibrate
from tamperscope.cli.scan import scan
from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region
from tamperscope.forge.retouch import Blur
from tamperscope.io.read import read_mammogram

UNTOUCHED, EXAMPLES = 20, 4


def run(command, *arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folders of untouched images and of blurred ones."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "untouched").mkdir()
    (folder / "blurred").mkdir()
    rows, columns = np.mgrid[:720, :560]
    breast = ((rows - 360) / 345) ** 2 + (columns / 520) ** 2 < 1
    for number in range(UNTOUCHED):
        rng = np.random.default_rng(number)
        coarse = cv2.GaussianBlur(rng.standard_normal(breast.shape), (0, 0), 14)
        tissue = 1900 + 250 * coarse / coarse.std() + 45 * rng.standard_normal(breast.shape)
        path = folder / "untouched" / f"{number:02}.png"
        levels = np.where(breast, tissue, 0).clip(0, 4095).astype(np.uint16)
        Image.fromarray(levels).save(path, dpi=(254, 254))  # 0.1 mm
        if number < EXAMPLES:
            region = Region.ellipse(210, 330 + 20 * number, 45, 40)
            forgery = Blur().forge(read_mammogram(path), region, rng=rng)
            forgery.save(folder / "blurred" / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def calibration(site):
    out = site / "calibration.json"
    result = run(calibrate, site / "untouched", "--out", out)
    assert result.exit_code == 0, result.output
    return out


def test_a_calibration_holds_one_peak_an_image(calibration):
    facts = json.loads(calibration.read_text())
    assert {cue: len(peaks) for cue, peaks in facts["peaks"].items()} == dict.fromkeys(
        ("trace", "areas", "copies"), UNTOUCHED
    )
    assert facts["source"] == f"{UNTOUCHED} images of this site"
    low, high = facts["domain"]["pixel size"]
    assert low == high


def test_a_scan_with_it_says_so(site, calibration, tmp_path):
    result = run(scan, site / "untouched" / "00.png", "--calibration", calibration, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "00.json").read_text())
    assert facts["verdict"] == "real"
    assert facts["model"]["calibration"] == f"{UNTOUCHED} images of this site"


def test_too_few_images_make_no_calibration(site, tmp_path):
    with pytest.raises(TamperscopeError, match="at least 20"):
        run(calibrate, site / "untouched" / "00.png", "--out", tmp_path / "c.json")


def test_a_calibration_of_other_cues_is_refused(site, calibration, tmp_path):
    facts = json.loads(calibration.read_text())
    del facts["peaks"]["areas"]
    (tmp_path / "old.json").write_text(json.dumps(facts))
    with pytest.raises(TamperscopeError, match="calibrate again"):
        run(scan, site / "untouched" / "00.png", "--calibration", tmp_path / "old.json", "--out", tmp_path)


def test_a_new_kind_is_learnt_and_named(site, tmp_path):
    out = tmp_path / "blurring.json"
    command = ["blurring", "--examples", site / "blurred", "--untouched", site / "untouched", "--out", out]
    result = run(adapt, *command, "--steps", 2, "--check", site / "blurred")
    assert result.exit_code == 0, result.output
    learnt = f"{EXAMPLES} examples, trained on for 2 steps, calibrated on {UNTOUCHED} untouched images"
    assert learnt in result.output
    lines = {line.split("  ")[0]: line for line in result.output.splitlines()}
    assert lines["the examples"].endswith(f"of {EXAMPLES}")
    assert lines["untouched"].count(f"of {UNTOUCHED}") == 2
    assert str(site / "blurred") in lines

    scanned = tmp_path / "findings"
    result = run(scan, site / "blurred" / "00.png", "--adaptation", out, "--out", scanned)
    facts = json.loads((scanned / "00.json").read_text())
    assert facts["model"]["adaptations"] == [f"blurring: {learnt}"]


def test_too_few_untouched_images_are_told_before_anything_is_learnt(site, tmp_path, monkeypatch):
    untouched = tmp_path / "untouched"
    untouched.mkdir()
    for path in sorted((site / "untouched").iterdir())[:2]:
        shutil.copy(path, untouched)
    Image.fromarray(np.zeros((400, 400), np.uint16)).save(untouched / "air.png", dpi=(254, 254))
    monkeypatch.setattr("tamperscope.train.fine_tune.fine_tune", lambda *_, **__: pytest.fail("it was learnt"))
    command = ["x", "--examples", site / "blurred", "--untouched", untouched, "--out", tmp_path / "a.json"]
    with pytest.raises(TamperscopeError, match="2 untouched images could be scored; at least 20"):
        run(adapt, *command)


def test_examples_need_their_masks(site, tmp_path):
    with pytest.raises(TamperscopeError, match=r"no mask 00\.png\.mask\.png"):
        run(
            adapt,
            "x",
            "--examples",
            site / "untouched",
            "--untouched",
            site / "untouched",
            "--out",
            tmp_path / "a.json",
        )


def test_an_adaptation_is_not_for_the_report_s_detector(site, calibration, tmp_path):
    command = [site / "untouched" / "00.png", "--detector", "forensic-transfer", "--calibration", calibration]
    with pytest.raises(TamperscopeError, match="for the detector multi-cue"):
        run(scan, *command, "--out", tmp_path)
