"""A forger written as the reference page says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tamperscope.forge.blend import FEATHERED, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tests.detect.images import make_mammogram


@dataclass(frozen=True, kw_only=True)
class Brighten(RegionForger):
    card: ClassVar[Card] = Card(name="brighten", family="retouch", does="Brightens the region.", trace="A step.")
    blend: Blend = FEATHERED
    by: float = 30.0

    def edit(self, mammogram, window, rng):
        return Edit(window.pixels + self.by)


def test_it_needs_no_more_than_edit():
    mammogram = make_mammogram(400, 300)
    region = Region.ellipse(100, 200, 20, 15)
    forgery = Brighten(by=50).forge(mammogram, region, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(forgery.mask, region.on_image(400, 300))
    difference = forgery.mammogram.pixels - mammogram.pixels
    np.testing.assert_allclose(difference[forgery.mask], 50, atol=1e-3)
    assert forgery.record["parameters"] == {"blend": {"kind": "feathered", "mm": 1.5}, "by": 50}
