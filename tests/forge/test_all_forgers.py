"""What holds for every forger of the registry, whatever it does."""

import json
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import Feathered
from tamperscope.forge.card import FAMILIES
from tamperscope.forge.mammo_cgan import PAPER_GENERATORS
from tamperscope.forge.region import Region
from tamperscope.forge.registry import FORGERS, find_forger
from tamperscope.runtime.weights import WEIGHTS
from tests.forge.images import blob, make, read_at_tenth_mm, write_image

NAMES = list(FORGERS)
FORGERIES = [name for name, kind in FORGERS.items() if kind.card.family != "control"]
INJECTORS = ("mammo-cgan", "mammo-cgan-matched", "mammo-cgan-tissue", "mammo-cgan-paper")
SQUARES = (*INJECTORS, "partial-convolution-512")
CONTROLS = [name for name, kind in FORGERS.items() if kind.card.family == "control"]
BLOB = blob(90, 220, 50, 40)


@pytest.fixture(autouse=True)
def generators_of_the_paper_recipe(monkeypatch):
    """Those that ship stand in for them: they have the same interface."""
    monkeypatch.setenv(PAPER_GENERATORS, str(WEIGHTS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def mammogram(folder):
    return read_at_tenth_mm(write_image(folder, "target16.png"))


@pytest.fixture(scope="module")
def donor(folder):
    return read_at_tenth_mm(write_image(folder, "donor16.png", seed=9))


def forge(name, mammogram, donor, region=BLOB, *, seed=1):
    return make(name, donor).forge(mammogram, region, rng=np.random.default_rng(seed))


def allowed_reach(name, mammogram, region, record):
    """Where the method may change pixels: region and ramp, or the stated square for those that work on squares."""
    reach = record["reach"]
    box = np.zeros(mammogram.shape, bool)
    box[reach["y0"] : reach["y1"], reach["x0"] : reach["x1"]] = True
    if name in SQUARES or name in CONTROLS:
        return box
    blend = FORGERS[name]().blend
    ramp = blend.pixels(mammogram.spacing.mm) if isinstance(blend, Feathered) else 0
    distance = cv2.distanceTransform((~region.on_image(*mammogram.shape)).view(np.uint8), cv2.DIST_L2, 5)
    return box & (distance <= ramp + 1) & mammogram.tissue


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "region",
    [BLOB, blob(0, 230, 40, 30), blob(100, 200, 6, 6), blob(5, 240, 150, 170), Region.box(60, 200, 1, 1)],
    ids=["blob", "image border", "tiny", "large", "one pixel"],
)
def test_nothing_else_changes_and_the_mask_is_the_region(name, mammogram, donor, region):
    started = time.process_time()
    forgery = forge(name, mammogram, donor, region)
    assert time.process_time() - started < 20  # a bound against hanging; speed is told in the reference page
    stored, original = forgery.mammogram.source.stored, mammogram.source.stored
    reach = allowed_reach(name, mammogram, region, forgery.record)
    np.testing.assert_array_equal(stored[~reach], original[~reach])
    np.testing.assert_array_equal(forgery.mammogram.pixels[~reach], mammogram.pixels[~reach])
    assert stored.dtype == original.dtype
    assert np.isfinite(forgery.mammogram.pixels).all()
    assert forgery.mask.dtype == np.bool_
    if name in CONTROLS:
        assert not forgery.mask.any()
        return
    assert forgery.mask.any()
    assert not (forgery.mask & ~reach).any()
    if name not in INJECTORS:
        inside = region.on_image(*mammogram.shape) & mammogram.tissue
        assert not (forgery.mask & ~inside).any()
        if name not in ("calcifications", "real-mass"):
            away_from_air = cv2.erode(mammogram.tissue.view(np.uint8), np.ones((33, 33), np.uint8)) > 0
            np.testing.assert_array_equal(forgery.mask[away_from_air], inside[away_from_air])


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_changes_most_of_its_mask(name, mammogram, donor):
    forgery = forge(name, mammogram, donor)
    changed = forgery.mammogram.source.stored != mammogram.source.stored
    assert changed[forgery.mask].mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bytes_and_the_record_repeats_it(name, mammogram, donor):
    first, again, other = (forge(name, mammogram, donor, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.mammogram.source.stored, again.mammogram.source.stored)
    np.testing.assert_array_equal(first.mask, again.mask)
    assert first.record == again.record
    assert first.record["seed"] != other.record["seed"]
    record = json.loads(json.dumps(first.record))
    region = Region.from_record(record["region"])
    repeated = make(record["forger"], donor).repeat(mammogram, region, seed=record["seed"])
    np.testing.assert_array_equal(first.mammogram.source.stored, repeated.mammogram.source.stored)


@pytest.mark.parametrize("name", NAMES)
def test_the_record_is_complete(name, mammogram, donor):
    record = forge(name, mammogram, donor).record
    assert json.loads(json.dumps(record)) == record
    family = FORGERS[name].card.family
    assert record["forger"] == name
    assert record["family"] == family
    assert record["control"] is (family == "control")
    assert record["label"] == (0 if family == "control" else 1)
    assert set(record) >= {"package", "region", "parameters", "seed", "drawn", "mask", "reach"}
    if FORGERS[name].card.needs_donor:
        assert record["parameters"]["donor"]["sha256"] == donor.source.sha256


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["eight.png", "target16.png", "float.npy"])
def test_every_kind_of_source_is_written_and_marked(name, file, folder, donor, tmp_path):
    mammogram = read_at_tenth_mm(write_image(folder, file))
    forgery = forge(name, mammogram, donor)
    written = forgery.save(tmp_path / file)
    np.testing.assert_array_equal(read_at_tenth_mm(written).source.stored, forgery.mammogram.source.stored)
    record = json.loads((tmp_path / (written.name + ".record.json")).read_text())
    assert record["synthetic"] is True
    assert record["label"] == forgery.record["label"]


@pytest.mark.parametrize("name", NAMES)
def test_a_mammogram_made_in_memory(name, mammogram, donor):
    forgery = forge(name, replace(mammogram, source=None), donor)
    assert forgery.mammogram.source is None
    assert forgery.mammogram.pixels.dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Region.box(290, 10, 20, 20), "not inside the image"),
        (Region.box(-1, 10, 20, 20), "not inside the image"),
        (Region.box(1000, 1000, 5, 5), "not inside the image"),
        (Region.box(285, 5, 10, 10), "no breast tissue"),
    ],
)
def test_regions_outside_are_refused(name, mammogram, donor, region, message):
    with pytest.raises(TamperscopeError, match=message):
        forge(name, mammogram, donor, region)


@pytest.mark.parametrize("name", [name for name, kind in FORGERS.items() if kind.card.needs_donor])
def test_a_missing_donor_is_said(name, mammogram):
    with pytest.raises(TamperscopeError, match="needs a donor"):
        FORGERS[name]().forge(mammogram, BLOB, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", NAMES)
def test_every_forger_has_a_card(name):
    card = FORGERS[name].card
    assert card.name == name
    assert card.family in FAMILIES
    assert card.does.endswith(".")
    assert card.trace.endswith(".")


def test_an_unknown_forger_is_refused():
    with pytest.raises(TamperscopeError, match="there is no forger 'magic'"):
        find_forger("magic")


def test_a_resaved_image_is_the_same_bit_for_bit(mammogram, donor):
    control = forge("control-resave", mammogram, donor)
    np.testing.assert_array_equal(control.mammogram.source.stored, mammogram.source.stored)


def test_the_reference_page_names_every_forger():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "forgers.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in page] == []


def test_a_forger_without_its_weights_says_where_they_come_from(mammogram, donor, monkeypatch, tmp_path):
    for folder in (None, tmp_path):
        if folder is None:
            monkeypatch.delenv(PAPER_GENERATORS)
        else:
            monkeypatch.setenv(PAPER_GENERATORS, str(folder))
        assert not FORGERS["mammo-cgan-paper"].is_ready()
        with pytest.raises(TamperscopeError, match=r"needs weights.*configs/mammo-cgan-paper\.yaml"):
            forge("mammo-cgan-paper", mammogram, donor)
