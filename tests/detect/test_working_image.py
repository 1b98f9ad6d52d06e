"""Places of the mammogram on the working image."""

import numpy as np
import pytest

from tamperscope.detect.cues.trace import cell_means
from tamperscope.detect.working_image import mask_on_pixels, prepare_image

from .images import make_mammogram


@pytest.mark.parametrize("spacing_mm", [0.1, 0.05])
def test_masks_lie_on_the_cells_where_they_lie_on_the_image(spacing_mm):
    side = round(0.1 / spacing_mm)
    mammogram = make_mammogram(900 * side, 700 * side, spacing_mm=spacing_mm)
    working = prepare_image(mammogram)
    mask = np.zeros(mammogram.shape, np.bool_)
    box = np.s_[400 * side : 480 * side, 200 * side : 296 * side]
    mask[box] = True
    share = mask_on_pixels(mask, working)
    assert share.shape == working.pixels.shape
    assert share.sum() * side**2 == pytest.approx(mask.sum(), rel=0.01)
    rows, columns = np.nonzero(cell_means(share) > 0.5)
    y, x = working.to_original(
        8.0 * np.array([rows.min(), rows.max() + 1]), 8.0 * np.array([columns.min(), columns.max() + 1])
    )
    np.testing.assert_allclose(y, [400 * side, 480 * side], atol=4 * side + 1)
    np.testing.assert_allclose(x, [200 * side, 296 * side], atol=4 * side + 1)
