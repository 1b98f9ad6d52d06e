"""A few examples teach the network a kind of forgery; what is kept survives a file and stays with its detector."""

import base64
import json

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.utils.data import default_collate

from tamperscope.detect.calibration import NullDistribution
from tamperscope.detect.cues.adapted import Adaptation
from tamperscope.detect.cues.areas import area_evidence
from tamperscope.detect.cues.seen import see
from tamperscope.detect.cues.trace import compare_cells, trace_evidence
from tamperscope.detect.multi_cue import MultiCueDetector
from tamperscope.detect.residuals import noise_residuals
from tamperscope.detect.structure import coarse_structure
from tamperscope.detect.working_image import prepare_image
from tamperscope.errors import TamperscopeError
from tamperscope.mammogram import Mammogram, Spacing
from tamperscope.runtime.network import network_of_bytes
from tamperscope.train.fine_tune import adapt, example_of, fine_tune, shipped_network
from tamperscope.train.trace import trace_loss
from tamperscope.train.trace_crops import describe_crop

SIDE = 640
BOX = np.s_[240:360, 200:320]


def mammogram(seed, *, forged=False):
    """Noise in clouds; forged ones have a square of noise as strong as the rest, but lopsided."""
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE)).astype(np.float32), (0, 0), 14)
    noise = rng.standard_normal((SIDE, SIDE))
    if forged:
        noise[BOX] = (rng.exponential(1, (SIDE, SIDE)) - 1)[BOX]
    pixels = (520 + 60 * coarse / coarse.std() + 9 * noise).astype(np.float32)
    return Mammogram(np.maximum(pixels, 1), np.ones((SIDE, SIDE), np.bool_), Spacing(0.1, "given"))


def mask():
    where = np.zeros((SIDE, SIDE), np.bool_)
    where[BOX] = True
    return where


def test_the_shipped_files_hold_the_network():
    detector = MultiCueDetector.load(threads=1)
    pixels = mammogram(0).pixels
    residuals = noise_residuals(pixels)
    inputs = residuals.bands[None], coarse_structure(residuals.brightness, pixels > 0).bands[None]
    network = shipped_network()
    with torch.inference_mode():
        ours = network.encoder(*(torch.as_tensor(one) for one in inputs))[0].numpy()
    np.testing.assert_allclose(ours, detector.encoder(*inputs)[0], atol=1e-3)
    planes = compare_cells(residuals, pixels > 0, detector.encoder).planes[None]
    with torch.inference_mode():
        logits = network.head(torch.as_tensor(planes)).numpy()
    np.testing.assert_allclose(logits, detector.head(planes), atol=1e-3)


@pytest.fixture(scope="module")
def examples():
    return [example_of(mammogram(seed, forged=True), mask()) for seed in range(4)]


def test_training_on_finds_more_and_leaves_the_first_network_alone(examples, monkeypatch):
    monkeypatch.setattr("tamperscope.train.fine_tune._CROP", 320)
    before = shipped_network()
    after = fine_tune(before, examples, steps=40, seed=0)
    again = shipped_network()
    for name, value in before.state_dict().items():
        torch.testing.assert_close(value, again.state_dict()[name])

    new = describe_crop(mammogram(99, forged=True).pixels, mask().astype(np.float32))
    with torch.inference_mode():
        losses = [float(trace_loss(one, default_collate([new]), crop_weight=1)[0]) for one in (before, after)]
    assert losses[1] < 0.7 * losses[0]


def test_what_comes_back_lies_between_the_old_and_the_new_weights(examples, monkeypatch):
    monkeypatch.setattr("tamperscope.train.fine_tune._CROP", 320)
    before = shipped_network()
    between = fine_tune(before, examples, steps=2, seed=0).state_dict()
    monkeypatch.setattr("tamperscope.train.fine_tune._LEARNT", 1.0)
    learnt = fine_tune(before, examples, steps=2, seed=0).state_dict()
    for name, value in before.state_dict().items():
        torch.testing.assert_close(between[name], value + 0.7 * (learnt[name] - value))
    assert any((learnt[name] != value).any() for name, value in before.state_dict().items())


@pytest.fixture(scope="module")
def adaptation(examples):
    untouched = (prepare_image(mammogram(seed)) for seed in range(100, 120))
    return adapt("rows", examples, untouched, model="m", steps=2)


def test_an_adaptation_survives_a_file_and_stays_with_its_detector(adaptation, tmp_path):
    path = tmp_path / "rows.json"
    adaptation.save(path)
    read = Adaptation.load(path, model="m")
    assert read == adaptation
    with pytest.raises(TamperscopeError, match="adapt again"):
        Adaptation.load(path, model="another")
    facts = json.loads(path.read_text())
    for change in ({"schema_version": 2}, {"encoder": "?"}, {"null": {"peaks": [1.0]}}, {"head": None}):
        path.write_text(json.dumps(facts | change))
        with pytest.raises(TamperscopeError, match=r"adaptation|fewer than 20"):
            Adaptation.load(path, model="m")
    for text in ("", "{}", json.dumps({"name": 1})):
        path.write_text(text)
        with pytest.raises(TamperscopeError, match="adaptation"):
            Adaptation.load(path, model="m")


def test_what_is_kept_is_a_cue_beside_the_others(adaptation):
    detector = MultiCueDetector.load(threads=1)
    ours = Adaptation("rows", adaptation.encoder, adaptation.head, adaptation.null, detector.model["hash"], "")
    one = mammogram(7)
    alone, with_it = detector.scan(one), detector.adapted(ours).scan(one)
    assert alone.model.get("adaptations") is None
    assert with_it.model["adaptations"] == ["rows: "]
    residuals = noise_residuals(one.pixels)
    evidence = ours.evidence(see(prepare_image(one), residuals, detector.encoder, detector.head))
    np.testing.assert_array_equal(evidence, ours.oddness(residuals, one.pixels > 0))
    assert evidence.shape == (SIDE // 8, SIDE // 8)
    compared = compare_cells(residuals, one.pixels > 0, detector.encoder)
    other = area_evidence(trace_evidence(compared, detector.head), compared.cells)
    encoder, head = (network_of_bytes(base64.b64decode(code)) for code in (ours.encoder, ours.head))
    compared = compare_cells(residuals, one.pixels > 0, encoder)
    np.testing.assert_allclose(evidence, area_evidence(trace_evidence(compared, head), compared.cells))
    assert np.abs(evidence - other).max() > 0


def test_too_few_examples_or_untouched_images_are_refused(examples):
    with pytest.raises(TamperscopeError, match="at least 3"):
        adapt("rows", examples[:2], [], model="m", steps=1)
    with pytest.raises(TamperscopeError, match="at least 20"):
        adapt("rows", examples, [prepare_image(mammogram(1))], model="m", steps=1)


def test_a_damaged_network_is_said_to_be_one():
    damaged = Adaptation("rows", "AAAA", "AAAA", NullDistribution((0.0,) * 20), "m", "")
    with pytest.raises(TamperscopeError, match="can't be read"):
        damaged.oddness(noise_residuals(mammogram(1).pixels), np.ones((SIDE, SIDE), np.bool_))
