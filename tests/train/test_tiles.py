from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.injected import Injected, Patch
from tamperscope.detect.cues.forensic_transfer import HALO
from tamperscope.detect.tiling import TILE, place_on_canvas
from tamperscope.train.tiles import TileSet
from tests.detect.images import make_mammogram

CASE = Case("IM0001", Path("x"), "train", (1, 1), True, (), ())


@pytest.fixture(scope="module")
def injected():
    canvas = place_on_canvas(make_mammogram(1000, 800))
    patch = Patch(350, 200, np.full((200, 200), 999, np.float32), np.ones((200, 200), bool))
    return Injected(CASE, canvas, (patch,))


@pytest.fixture(scope="module")
def tiles(injected):
    return TileSet([injected], least_forged=0.08)


def test_labels_follow_the_forged_share(injected, tiles):
    place, patch = injected.canvas.placement, injected.patches[0]
    mask = np.zeros((4096, 4096), bool)
    top, left = place.top + patch.top, place.left + patch.left
    mask[top : top + 200, left : left + 200] = True
    share = {(t.top, t.left): mask[t.top : t.top + TILE, t.left : t.left + TILE].mean() for t in tiles.fake}
    assert min(share.values()) > 0.08
    for tile in tiles.real:
        if tile.patch is not None:
            assert not mask[tile.top : tile.top + TILE, tile.left : tile.left + TILE].any()


def test_forged_tiles_hold_the_forged_pixels(injected, tiles):
    forged = injected.patches[0].apply(injected.canvas)
    for tile in tiles.fake:
        side = TILE + 2 * HALO
        expected = forged.window(tile.top - HALO, tile.left - HALO, side, side)
        np.testing.assert_array_equal(tiles._cut(tile), expected)


def test_batches_are_balanced_and_scaled(tiles):
    labels = []
    for pixels, batch_labels in tiles.batches(count=64, batch=20, rng=np.random.default_rng(0), turn=True):
        assert pixels.shape[1:] == (1, 288, 288)
        assert pixels.max() < 1.5
        labels += batch_labels.tolist()
    assert len(labels) == 64
    assert sum(labels) == 32


def test_same_seed_same_batches(tiles):
    first, again = (
        next(iter(tiles.batches(count=16, batch=16, rng=np.random.default_rng(3), turn=True)))[0] for _ in range(2)
    )
    assert bool((first == again).all())
