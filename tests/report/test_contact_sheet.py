import cv2
import numpy as np
import pytest

from tamperscope.errors import TamperscopeError
from tamperscope.forge.control import ResaveControl
from tamperscope.forge.region import Region
from tamperscope.forge.telea import Telea
from tamperscope.report.contact_sheet import draw_contact_sheet
from tests.detect.images import make_mammogram


def test_a_sheet_shows_before_after_difference_and_mask(tmp_path):
    mammogram = make_mammogram(400, 300)
    region = Region.ellipse(100, 200, 20, 20)
    forgeries = [(mammogram, Telea().repeat(mammogram, region, seed=seed)) for seed in range(3)]
    path = draw_contact_sheet(forgeries, tmp_path / "new" / "sheet.png", title="telea")
    sheet = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert sheet.ndim == 2
    tile, gap = 224, 4
    assert sheet.shape == (44 + 2 * (tile + gap), 2 * (4 * tile + 3 * gap) + 4 * gap)
    before, after, difference, mask = (sheet[44 : 44 + tile, n * (tile + gap) :][:, :tile] for n in range(4))
    assert set(np.unique(mask)) <= set(range(256))
    inside = mask == 255
    assert 0.04 < inside.mean() < 0.2  # a disc in a tile of twice its reach
    far = cv2.dilate(mask, np.ones((81, 81), np.uint8)) == 0
    np.testing.assert_array_equal(before[far], after[far])
    assert (difference[far] == 127).all()
    assert difference[inside].std() > 10


def test_a_control_without_a_change_shows_the_whole_image(tmp_path):
    mammogram = make_mammogram(400, 300)
    control = ResaveControl().repeat(mammogram, Region.ellipse(100, 200, 20, 20), seed=0)
    assert draw_contact_sheet([(mammogram, control)], tmp_path / "sheet.png", title="control").is_file()


def test_an_empty_sheet_is_refused(tmp_path):
    with pytest.raises(TamperscopeError, match="at least one example"):
        draw_contact_sheet([], tmp_path / "sheet.png", title="none")
