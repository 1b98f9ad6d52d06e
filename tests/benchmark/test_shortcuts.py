"""The audits see a shortcut that is there, and none where there is none."""

from dataclasses import replace

import numpy as np

from tamperscope.benchmark.features import grid_strength, image_features
from tamperscope.benchmark.manifest import Row, SourceFile
from tamperscope.benchmark.shortcut_causes import find_causes
from tamperscope.benchmark.shortcuts import CLASSIFIERS, Audit, _retrained, audit_rows, cross_validated
from tamperscope.forge.processing import Jpeg, Resize
from tamperscope.forge.region import Region
from tamperscope.io.intensity import TabulatedMap
from tamperscope.judge.bootstrap import bootstrap_auc
from tamperscope.mammogram import Source
from tests.detect.images import make_mammogram

SOURCE = SourceFile(collection="c", image="i", file="f", sha256="0")


def row(number, label, features):
    return Row(
        id=f"{number}.{label}", base=f"{number}.{label}", set="s", role="test", part="fold-0", rank=0,
        source=SOURCE.model_copy(update={"image": str(number)}), patients=(number, number), label=label,
        family="retouch" if label else "untouched", forger="x", condition="plain", region=None, reach=None,
        parameters={}, drawn={}, seed=0, donor=None, image="", mask="", record="", height=1, width=1, pitch_mm=0.1,
        forged_pixels=0, pixels_sha256="", file_sha256="", package="", features=features,
    )  # fmt: skip


def rows(shift, *, images=40):
    """Features of an image's own, in which ``shift`` is added to one kind for forged versions."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(images):
        own = {
            "grid": 1 + 0.1 * rng.random(),
            "histogram": rng.dirichlet(np.ones(32)).tolist(),
            "periodicity": (3 + rng.random(2)).tolist(),
        }
        for label in (0, 1, 1):
            features = own | {"place": rng.random(4).tolist()}
            features["grid"] += 1e-4 * rng.standard_normal()
            for kind, value in shift.items():
                if label:
                    features[kind] = (np.asarray(features[kind]) + value).tolist()
            made.append(row(number, label, features))
    return made


def failed(shift):
    return {
        audit.name for audit in audit_rows(rows(shift), draws=100, retrainings=8) if audit.verdict == "NOT AT CHANCE"
    }


def test_no_shortcut_no_alarm():
    assert failed({}) == set()


def test_the_interval_of_the_whole_procedure_decides_where_there_is_one():
    audit = Audit("x", "boosted trees", "plain", 0.57, 0.52, 0.62, (0.51, 0.63), 648, 81)
    assert not audit.at_chance
    assert replace(audit, retrained=(0.48, 0.66)).at_chance
    assert replace(audit, retrained=None, low=0.49).at_chance
    assert replace(audit, auc=0.549).at_chance


def test_training_anew_widens_the_interval_and_still_sees_what_is_there():
    """Few untouched images, no shortcut: what a classifier learns is chance, and the interval must tell."""
    rng = np.random.default_rng(3)
    patients, labels = np.repeat(np.arange(16), 2).astype(object), np.tile([0, 1], 16)
    make = CLASSIFIERS["logistic regression"]
    trained, anew = [], []
    for _ in range(4):
        values = rng.standard_normal((32, 6))
        scores = cross_validated(values, labels, patients, make)
        low, high, _ = bootstrap_auc(labels, scores, patients, draws=200).interval
        trained.append(high - low)
        low, high = _retrained(values, labels, patients, make, draws=25, seed=0)
        anew.append(high - low)
        assert low <= 0.5 <= high
    # Both have the same cross-validation: what is wider is what learning adds.
    assert np.mean(anew) > 1.1 * np.mean(trained)
    shifted = rows({"grid": 0.05})
    values, labels = np.array([[one.features["grid"]] for one in shifted]), np.array([one.label for one in shifted])
    patients = np.array([one.patient for one in shifted], object)
    low, _ = _retrained(values, labels, patients, CLASSIFIERS["logistic regression"], draws=20, seed=0)
    assert low > 0.5


def test_each_shortcut_is_seen():
    assert "JPEG-grid strength" in failed({"grid": 0.2})
    assert "place and size of the region" in failed({"place": 0.5})
    assert "resampled (periodicity)" in failed({"periodicity": 2.0})
    assert "global histogram" in failed({"histogram": np.r_[0.2, np.zeros(31)]})


def stored(mammogram):
    """The image as one that was read from a 12-bit file."""
    levels = np.arange(4096, dtype=np.float64)
    as_they_are = TabulatedMap(levels, levels, (0, 300, 800), "identity")
    source = Source("x.png", "", "png", np.rint(mammogram.pixels).clip(0, 4095).astype(np.uint16), as_they_are)
    return replace(mammogram, source=source)


def test_features_see_what_they_are_for():
    mammogram = stored(make_mammogram(800, 600))
    rng = np.random.default_rng(0)
    region = Region.box(100, 200, 50, 40)
    plain = image_features(mammogram, region)
    mammogram.pixels[:] = Jpeg(quality=30).apply(mammogram.pixels, rng)
    assert grid_strength(mammogram.pixels) > 1.2 * plain["grid"]
    assert len(plain["histogram"]) == 32
    assert np.isclose(sum(plain["histogram"]), 1, atol=1e-4)
    # The histogram is that of the file's values, whatever they are shown as.
    assert image_features(mammogram, region)["histogram"] == plain["histogram"]
    assert all(0 <= share <= 1 for share in plain["place"])
    brighter = replace(mammogram.source, stored=mammogram.source.stored // 2)
    assert image_features(replace(mammogram, source=brighter), region)["histogram"] != plain["histogram"]
    noisy = stored(make_mammogram(800, 600))
    noisy.pixels[noisy.tissue] += rng.normal(0, 20, int(noisy.tissue.sum())).astype(np.float32)
    before = max(image_features(noisy, None)["periodicity"])
    noisy.pixels[:] = Resize(factor=0.5).apply(noisy.pixels, rng)
    assert max(image_features(noisy, None)["periodicity"]) > before


def test_the_family_that_carries_a_shortcut_is_found():
    made = rows({})
    carried = [
        one.model_copy(update={"family": "splice", "features": one.features | {"grid": one.features["grid"] + 0.2}})
        if one.label and number % 3 == 1
        else one
        for number, one in enumerate(made)
    ]
    found = find_causes(carried, "JPEG-grid strength", "boosted trees", redraws=2, draws=50)
    assert found.alone["splice"][0] > 0.9
    assert found.without["retouch"][0] > 0.9
    assert found.without["splice"] == found.alone["retouch"]
    assert abs(found.without["splice"][0] - 0.5) < 0.1


def test_redrawn_signs_take_away_what_has_one_direction():
    found = find_causes(rows({"grid": 0.03}), "JPEG-grid strength", "logistic regression", redraws=8, draws=50)
    low, mean, high = found.signs
    assert found.overall[0] > 0.6
    assert low <= mean <= high
    assert abs(mean - 0.5) < 0.06
