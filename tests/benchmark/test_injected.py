from pathlib import Path

import numpy as np
import pytest

from tamperscope import Injector
from tamperscope.benchmark import injected as module
from tamperscope.benchmark.audit import audit_images, grid_strength
from tamperscope.benchmark.cesm import Case, load_cases
from tamperscope.benchmark.injected import inject_cases
from tests.detect.images import make_mammogram

CASES = [Case(f"IM{i:04}", Path(f"{i}"), "train", (i, i), True, (), ()) for i in range(3)]


@pytest.fixture
def made_up(monkeypatch):
    """Mammograms made for the test in place of files."""
    monkeypatch.setattr(module, "read_mammogram", lambda path: make_mammogram(1000, 800, seed=int(path.name)))


@pytest.fixture(scope="module")
def injector():
    return Injector.load()


def make(cases, injector, seed=0):
    return list(inject_cases(cases, injector, forgeries=2, square_sides=(160, 240), seed=seed))


@pytest.mark.usefixtures("made_up")
def test_a_patch_changes_its_square_only(injector):
    image = make(CASES[:1], injector)[0]
    for patch in image.patches:
        forged = patch.apply(image.canvas).pixels
        changed = forged != image.canvas.pixels
        assert changed.any()
        height, width = patch.pixels.shape
        changed[patch.top : patch.top + height, patch.left : patch.left + width] = False
        assert not changed.any()
        assert patch.mask.any()


@pytest.mark.usefixtures("made_up")
def test_an_image_does_not_depend_on_its_company(injector):
    alone, in_company = make(CASES[1:2], injector)[0], make(CASES, injector)[1]
    np.testing.assert_array_equal(alone.canvas.pixels, in_company.canvas.pixels)
    for one, other in zip(alone.patches, in_company.patches, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    other_seed = make(CASES[1:2], injector, seed=1)[0]
    assert alone.canvas.pixels.shape != other_seed.canvas.pixels.shape


def test_grid_strength_sees_a_grid():
    rng = np.random.default_rng(0)
    noise = rng.normal(500, 20, (400, 400))
    blocks = np.kron(rng.normal(500, 20, (50, 50)), np.ones((8, 8)))
    assert grid_strength(noise) < 1.2
    assert grid_strength(noise + blocks) > 1.3


@pytest.mark.data
def test_the_sets_of_the_cross_validation_pass_their_audits(cesm_folder, injector):
    cases = load_cases(cesm_folder)[::8]
    for name, result in audit_images(make(cases, injector)).items():
        # Forged and untouched images come in pairs, so that the interval can be narrower than any harm.
        at_chance = 0.45 <= result.estimate <= 0.55 or result.interval.low <= 0.5 <= result.interval.high
        assert at_chance, (name, result.estimate)
