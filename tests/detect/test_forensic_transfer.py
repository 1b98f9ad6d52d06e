"""Dense scoring against the oracle: the report's tile by tile."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamperscope.detect.cues.forensic_transfer import HALO, score_dense, score_matrix, score_tile_by_tile
from tamperscope.detect.tiling import CANVAS, GRID, STEP, TILE, Canvas, Placement, lit_tiles, place_on_canvas
from tamperscope.runtime.network import load_network
from tamperscope.runtime.weights import find_weights
from tests.detect.images import make_mammogram


@pytest.fixture(scope="module")
def encoder():
    return load_network(find_weights("forensic-transfer").path)


@settings(max_examples=12, deadline=None)
@given(
    height=st.integers(256, 900),
    width=st.integers(256, 700),
    down=st.floats(0, 1),
    across=st.floats(0, 1),
    seed=st.integers(0, 99),
    threads=st.integers(1, 3),
)
def test_dense_equals_tile_by_tile(encoder, height, width, down, across, seed, threads):
    canvas = place_on_canvas(make_mammogram(height, width, seed=seed), where=(down, across))
    dense = score_matrix(canvas, encoder, method="dense", threads=threads)
    tiles = score_matrix(canvas, encoder, method="tiles")
    assert np.abs(dense - tiles).max() <= 1e-4
    np.testing.assert_array_equal(dense > 0, lit_tiles(canvas))


@settings(max_examples=8, deadline=None)
@given(lit=st.sets(st.tuples(st.integers(0, GRID - 1), st.integers(0, GRID - 1)), min_size=1, max_size=6))
def test_dense_equals_tile_by_tile_wherever_tiles_are_lit(encoder, lit):
    """Also at the canvas's border, and with rows between them in which none is."""
    noise = np.random.default_rng(0).normal(550, 60, (CANVAS, CANVAS)).astype(np.float32)
    canvas = Canvas(noise, Placement(0, 0, CANVAS, CANVAS, CANVAS, CANVAS))
    chosen = np.zeros((GRID, GRID), np.bool_)
    chosen[tuple(np.array(sorted(lit)).T)] = True
    dense = score_dense(canvas, encoder, chosen, threads=2)
    assert np.abs(dense - score_tile_by_tile(canvas, encoder, chosen)).max() <= 1e-4


def test_tiles_by_pytorch_give_the_same_matrix(encoder):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_model

    from tamperscope.networks.forensic_transfer import ForensicTransfer, activation_score

    network = ForensicTransfer().eval()
    load_model(network, str(find_weights("forensic-transfer").path.with_suffix(".safetensors")))
    canvas = place_on_canvas(make_mammogram(700, 500))
    lit = lit_tiles(canvas)
    tiles = [
        canvas.window(top - HALO, left - HALO, TILE + 2 * HALO, TILE + 2 * HALO)
        for top, left in np.argwhere(lit) * STEP
    ]
    with torch.no_grad():
        expected = activation_score(network.encode(torch.from_numpy(np.stack(tiles)[:, None]) / 1100)).numpy()
    assert np.abs(score_matrix(canvas, encoder)[lit] - expected).max() <= 1e-4


def test_a_black_image_scores_zero_everywhere(encoder):
    mammogram = make_mammogram(600, 500)
    mammogram.pixels[:] = 0
    assert not score_matrix(place_on_canvas(mammogram), encoder).any()


def test_silent_halves_are_undecided_not_real():
    canvas = place_on_canvas(make_mammogram(600, 500))

    def silent(pixels):
        return np.zeros((len(pixels), 2, pixels.shape[2] // 16, pixels.shape[3] // 16), np.float32)

    scores = score_matrix(canvas, silent)
    assert set(np.unique(scores)) == {0.0, 0.5}
