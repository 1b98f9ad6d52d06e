"""A drawn tumour settles: in the middle, faded out at its rim, nothing taken from the tissue."""

import cv2
import numpy as np
import pytest

from tamperscope.forge.settle import chance_contrast, settle

MIDDLE = slice(10, 54)
ROWS, COLUMNS = np.indices((64, 64))
GROUND = (0.4 + 0.001 * ROWS).astype(np.float32)


def bump(row, column, sigma=5.0, height=0.2):
    return (height * np.exp(-((ROWS - row) ** 2 + (COLUMNS - column) ** 2) / 2 / sigma**2)).astype(np.float32)


def centre(picture):
    return [float((picture * places).sum() / picture.sum()) for places in (ROWS, COLUMNS)]


def drawn(tumour):
    """What generators give: the frame is kept."""
    picture = GROUND.copy()
    picture[MIDDLE, MIDDLE] += tumour[MIDDLE, MIDDLE]
    return picture


@pytest.mark.parametrize("place", [(31.5, 31.5), (24, 40), (38, 22)])
def test_it_comes_to_the_middle(place):
    tumour = settle(drawn(bump(*place)), GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
    assert centre(tumour) == pytest.approx([31.5, 31.5], abs=0.7)
    assert tumour.max() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("column", [40, 44, 46])
def test_what_the_square_cuts_off_has_no_edge(column):
    """The bump of the last has 0.07 left where the square ends."""
    added = settle(drawn(bump(31.5, column)), GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
    assert np.abs(np.diff(added, axis=1)).max() < 0.055


def test_what_a_generator_does_to_the_frame_is_not_seen():
    picture = drawn(bump(31.5, 31.5))
    picture[:, :8] += 0.3
    added = settle(picture, GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
    assert centre(added) == pytest.approx([31.5, 31.5], abs=0.7)
    assert not added[:, :8].any()


def test_without_lift_it_stays_as_it_is():
    picture = drawn(bump(24, 40) - bump(40, 24))
    np.testing.assert_allclose(settle(picture, GROUND, GROUND, MIDDLE, contrast=1, lift=False)[0], picture, atol=1e-4)


def test_it_fades_out_in_a_circle():
    """Else what the square cuts off a tumour that reaches its rim is a straight edge."""
    flat = drawn(np.full((64, 64), 0.1, np.float32))
    added = settle(flat, GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
    assert added[31, 31] == pytest.approx(0.1, abs=0.01)
    assert added[10:14, 10:14].max() < 0.01
    assert np.abs(np.diff(added, axis=1)).max() < 0.05


def test_it_takes_nothing_from_the_tissue():
    dark = drawn(-bump(31.5, 31.5) + bump(40, 40))
    assert (settle(dark, GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] >= GROUND - 0.002).all()
    assert (settle(dark, GROUND, GROUND, MIDDLE, contrast=1, lift=False)[0] < GROUND - 0.1).any()


def test_it_goes_to_another_square_at_another_contrast():
    tissue = (0.5 - 0.001 * COLUMNS).astype(np.float32)
    settled = settle(drawn(bump(31.5, 31.5)), GROUND, tissue, MIDDLE, contrast=0.5, lift=True)[0]
    assert (settled - tissue).max() == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(settled[:10], tissue[:10])


def test_contrast_varies_by_seed_and_is_as_often_less_as_more():
    drawn = np.log([chance_contrast(seed) for seed in range(500)])
    assert chance_contrast(7) == chance_contrast(7)
    assert abs(np.median(drawn)) < 0.05
    assert 0.22 < drawn.std() < 0.3
    assert np.abs(drawn).max() == pytest.approx(0.45)


def test_of_two_hills_the_smaller_is_cut_where_they_part():
    two = bump(31.5, 24, sigma=4) + bump(31.5, 41, sigma=4, height=0.15)
    added = settle(drawn(two), GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
    across = added[31]
    most = int(across.argmax())
    assert across[most] == pytest.approx(0.2, abs=0.02)
    # From the top it only falls.
    assert (np.diff(across[: most + 1]) > -0.01).all()
    assert (np.diff(across[most:]) < 0.01).all()


def test_a_ring_has_no_hole():
    ring = bump(31.5, 31.5, sigma=9) - bump(31.5, 31.5, sigma=4)
    added = settle(drawn(ring), GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
    assert added[31, 31] > 0.85 * added.max()


def test_beside_the_tumour_the_tissue_is_left_alone():
    tissue = GROUND.copy()
    tissue[46:50, 20:44] -= 0.2
    picture = tissue.copy()
    picture[MIDDLE, MIDDLE] = (GROUND + bump(31.5, 31.5, sigma=3))[MIDDLE, MIDDLE]
    settled, cover = settle(picture, tissue, tissue, MIDDLE, contrast=1, lift=True)
    assert cover[46:50, 20:44].max() < 0.01
    np.testing.assert_allclose(settled[47:49, 22:42], tissue[47:49, 22:42], atol=1e-3)
    assert cover[31, 31] == 1
    assert settle(picture, tissue, tissue, MIDDLE, contrast=1, lift=False)[1].all()


def test_without_a_tumour_nothing_is_covered():
    settled, cover = settle(GROUND, GROUND, GROUND, MIDDLE, contrast=1, lift=True)
    assert cover.max() < 1e-6
    np.testing.assert_allclose(settled, GROUND, atol=2e-3)


@pytest.mark.parametrize(("ceiling", "most"), [(0.7, 0.2), (0.53, 0.1), (0.4, 0.1)])
def test_under_a_ceiling_it_is_fainter_by_half_at_most(ceiling, most):
    picture = drawn(bump(31.5, 31.5))
    settled = settle(picture, GROUND, GROUND, MIDDLE, contrast=1, lift=True, ceiling=ceiling)[0]
    assert (settled - GROUND).max() == pytest.approx(most, abs=0.01)
    free = settle(picture, GROUND, GROUND, MIDDLE, contrast=1, lift=False, ceiling=ceiling)[0]
    np.testing.assert_allclose(free, picture, atol=1e-4)


def test_horns_are_cut_off_and_notches_closed():
    disc = (np.hypot(ROWS - 31.5, COLUMNS - 31.5) < 13) * np.float32(0.2)
    odd = disc.copy()
    odd[14:20, 30:33] = 0.2
    odd[40:46, 30:33] = 0
    shapes = [
        settle(drawn(cv2.GaussianBlur(shape, (0, 0), 1)), GROUND, GROUND, MIDDLE, contrast=1, lift=True)[0] - GROUND
        for shape in (disc, odd)
    ]
    assert np.abs(shapes[0] - shapes[1]).max() < 0.06
    assert np.abs(cv2.GaussianBlur(odd - disc, (0, 0), 1)).max() > 0.15


def test_beside_brighter_tissue_there_is_no_ceiling():
    tissue = GROUND.copy()
    tissue[2:6, 2:6] = 0.9
    picture = drawn(bump(31.5, 31.5))
    picture[2:6, 2:6] = 0.9
    settled = settle(picture, tissue, tissue, MIDDLE, contrast=1, lift=True, ceiling=0.53)[0]
    assert (settled - tissue).max() == pytest.approx(0.2, abs=0.01)
