"""P-values mean what they say, and calibrations survive a file."""

import json

import numpy as np
import pytest

from tamperscope.detect.calibration import FALSE_ALARMS, Calibration, NullDistribution, Untouched
from tamperscope.detect.domain import Domain
from tamperscope.detect.fuse import false_alarm_shares, fuse, heat_of
from tamperscope.errors import TamperscopeError


@pytest.mark.parametrize("draw", [np.random.Generator.standard_normal, np.random.Generator.standard_exponential])
def test_false_alarms_are_no_more_than_announced(draw):
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(60):
        null = NullDistribution(tuple(np.sort(draw(rng, 75))))
        rates.append(float((null.p_value(draw(rng, 2000)) < FALSE_ALARMS).mean()))
    assert 0.0 < np.mean(rates) <= FALSE_ALARMS


def test_guises_of_one_image_tell_less_than_as_many_images():
    peaks = (0.0,) * 85 + (1.0,) * 10 + (9.0,) * 5
    apart = NullDistribution(peaks)
    together = NullDistribution(peaks, tuple(range(95)) + (95,) * 5)
    value = np.array([12.0])
    assert together.p_value(value)[0] > 1.5 * apart.p_value(value)[0]
    assert together.p_value(np.array([0.0]))[0] == apart.p_value(np.array([0.0]))[0]
    alone = NullDistribution((0.0,) * 85 + (9.0,) * 15, tuple(range(85)) + (85,) * 15)
    assert alone.p_value(value)[0] > 1.1 * NullDistribution(alone.peaks).p_value(value)[0]
    shuffled = np.random.default_rng(0).permutation(100)
    again = NullDistribution(tuple(np.array(peaks)[shuffled]), tuple(np.array(together.images)[shuffled]))
    assert again.p_value(value)[0] == pytest.approx(together.p_value(value)[0])


def test_p_values_fall_with_the_evidence_and_stay_in_range():
    null = NullDistribution((0.0,) * 70 + (0.3, 0.9, 1.4, 1.6))
    values = np.linspace(-30, 12, 400)
    p = null.p_value(values)
    assert (np.diff(p) <= 1e-12).all()
    assert p.min() > 0
    assert p.max() <= 1
    assert null.p_value(np.array([0.0]))[0] > 0.9
    assert null.p_value(np.array([3.5]))[0] < 0.02


def test_the_strongest_cue_speaks_and_pays_for_being_one_of_two():
    null = NullDistribution(tuple(np.linspace(0, 1, 50)))
    calibration = Calibration({"a": null, "b": null}, Domain({}), "test")
    quiet, loud = np.zeros((4, 5)), np.zeros((4, 5))
    loud[2, 3] = 5
    p, speaker = fuse({"a": quiet, "b": loud}, calibration)
    assert np.unravel_index(p.argmin(), p.shape) == (2, 3)
    assert speaker[2, 3] == 1
    assert p[2, 3] == pytest.approx(2 * null.p_value(np.array([5.0]))[0])
    assert heat_of(np.array([FALSE_ALARMS]))[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        (("trace", "areas", "copies"), (0.475, 0.475, 0.05)),
        (("trace", "areas", "copies", "adapted to rows"), (0.95 / 3, 0.95 / 3, 0.05, 0.95 / 3)),
        (("a", "b"), (0.5, 0.5)),
        (("copies",), (1.0,)),
    ],
)
def test_cues_part_the_false_alarms(cues, expected):
    assert false_alarm_shares(cues) == pytest.approx(expected)
    # Untouched images, each cue with its own chance: no more false alarms than are allowed for, nor far fewer.
    rng = np.random.default_rng(0)
    calibration = Calibration(
        {cue: NullDistribution(tuple(rng.exponential(3, 200))) for cue in cues}, Domain({}), "test"
    )
    drawn = {cue: rng.exponential(3, (1, 20000)) for cue in cues}
    assert 0.1 < (fuse(drawn, calibration)[0] <= 0.2).mean() < 0.21


def test_a_calibration_survives_a_file(tmp_path):
    calibration = Calibration(
        {"a": NullDistribution(tuple(float(i) for i in range(30)))}, Domain({"noise": (1.5, 3.0)}), "30 images"
    )
    calibration.save(tmp_path / "c.json")
    assert Calibration.load(tmp_path / "c.json") == calibration
    untouched = [Untouched({"a": i / 7, "b": -i / 3}, {"noise": 2.0 + i}) for i in range(40)]
    calibration = Calibration.of_images(untouched, "20 images twice", guises=2)
    assert calibration.nulls["b"].images[:5] == (0, 0, 1, 1, 2)
    calibration.save(tmp_path / "d.json")
    loaded = Calibration.load(tmp_path / "d.json")
    assert loaded.nulls["a"].images == calibration.nulls["a"].images
    assert loaded.nulls["a"].peaks == pytest.approx(calibration.nulls["a"].peaks, abs=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"rules": 5, "source": "x", "domain": {}, "peaks": {}}',
        json.dumps({"source": "x", "domain": {}, "peaks": {"a": [1] * 30}}),
        json.dumps({"rules": 5, "source": "x", "domain": {}, "images": [1] * 30, "peaks": {"a": [1] * 30}}),
        json.dumps({"rules": 5, "source": "x", "domain": {}, "peaks": {"a": [1, 2]}}),
        json.dumps({"rules": 5, "source": "x", "domain": {"noise": [1]}, "peaks": {"a": [1] * 30}}),
        json.dumps({"rules": 5, "source": "x", "domain": {}, "images": [0, 0, 1], "peaks": {"a": [1] * 30}}),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(TamperscopeError, match="calibration"):
        Calibration.load(tmp_path / "c.json")
