"""Removal by partial-convolution inpainting (Liu et al., 2018): the report's unseen forgery, in two ways.

At the image's own resolution, with the grain that the network's smooth picture lacks; and by the report's trip, where
the surroundings of the region come back from a picture of 512 x 512 pixels, as the tool of the report leaves them, and
the network is one that was trained on such pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import FEATHERED, Blend
from tamperscope.forge.card import Card
from tamperscope.forge.forger import Forger, checked_region
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.grain import low_pass, random_phase_grain
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.matched_noise import power_spectrum
from tamperscope.forge.merge import merge
from tamperscope.forge.process import reach_of
from tamperscope.forge.processing import resized
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import Edit, RegionForger
from tamperscope.forge.smooth_start import smooth_start
from tamperscope.forge.window import Window
from tamperscope.forge.write_back import write_back
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.network import Network, load_network
from tamperscope.runtime.weights import find_weights

NATIVE, TRIP = "partial-convolution", "partial-convolution-512"
"""Names of the two networks' weights: for pictures of 0.1 mm a pixel, and for the report's trip."""
UNIT = 100.0
"""Reference intensity of one unit of the network."""
_MULTIPLE = 64
"""The network halves height and width six times."""
_LEAST_MARGIN, _LARGEST_MARGIN = 64, 320
_PATCH = 32
_SOURCE = "Liu et al., ECCV 2018; the report, section 3.2"


@dataclass(frozen=True, kw_only=True)
class PartialConvolution(RegionForger):
    """Fills the region with tissue that a network predicts from the surroundings.

    The network was trained to be right on average, so what can't be predicted, the grain, is missing in its picture. It
    is added with the spectrum that the picture lacks.

    Attributes:
        grain: strength of that grain; 0 leaves the network's picture as it is.
        work_side: a region whose longer side is more pixels is filled on a reduced picture.
    """

    card: ClassVar[Card] = Card(
        name="partial-convolution",
        family="removal",
        does="Removes what is in the region: a network predicts the tissue from its surroundings, then grain.",
        trace="Soft structure under a grain of random phase.",
        source=_SOURCE,
    )
    blend: Blend = FEATHERED
    grain: float = 1.0
    work_side: int = 192

    def margin(self, region: Region, spacing_mm: float) -> int:
        """See ``RegionForger.margin``."""
        around = int(np.clip(max(region.width, region.height), _LEAST_MARGIN, _LARGEST_MARGIN))
        return super().margin(region, spacing_mm) + around

    def edit(self, mammogram: Mammogram, window: Window, rng: np.random.Generator) -> Edit:
        """See ``RegionForger.edit``."""
        hole = self.blend.reach(window)
        known = window.tissue & ~hole
        filled = fill_tissue(window.pixels, hole, known, work_side=self.work_side)
        if self.grain > 0:
            filled = filled + self.grain * _lacking_grain(window.pixels, filled, hole, known, rng)
        return Edit(filled, {"model": _model(NATIVE)})


@dataclass(frozen=True, kw_only=True)
class PartialConvolution512(Forger):
    """The report's removal: the surroundings are resized to 512 x 512, the region is filled, all of it comes back.

    Its control is ``control-trip-512``: the same square on the same trip, nothing filled.

    Attributes:
        context: side of the square over the larger side of the region's box.
        side: of the picture in between, pixels.
        ramp: width of the fading around the region, pixels of the picture in between: an outline rarely holds all of a
            lesion, and its rim would be left.
        grain: as for ``PartialConvolution``, before the way back.
    """

    card: ClassVar[Card] = Card(
        name="partial-convolution-512",
        family="removal",
        does="Removes what is in the region: a network fills it on the report's trip to 512 x 512 and back.",
        trace="A square with other sharpness and noise, in it a part with a grain of random phase.",
        source=_SOURCE,
    )
    context: float = 2.0
    side: int = 512
    ramp: int = 16
    grain: float = 1.0

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """See ``Forger.repeat``."""
        region = checked_region(mammogram, region)
        if self.side < _MULTIPLE or self.ramp < 0:
            raise TamperscopeError(
                f"the side of the picture in between must be at least {_MULTIPLE} pixels, and the ramp 0."
            )
        part = Region.of_square(region.bounding_square(*mammogram.shape, context=self.context))
        window = Window.around(mammogram, part, 0)
        inner = (region.on_image(*mammogram.shape) & mammogram.tissue)[window.slices]
        small, tissue, weight = picture_between(window.pixels, window.tissue, inner, side=self.side, ramp=self.ramp)
        grown = weight > 0
        known = tissue & ~grown
        filled = fill_tissue(small, grown, known, network=TRIP, work_side=self.side)
        if self.grain > 0:
            rng = np.random.default_rng(seed)
            filled = filled + self.grain * _lacking_grain(small, filled, grown, known, rng)
        joined = merge(filled, small, weight).astype(np.float32)
        back = resized(joined, *window.pixels.shape)
        mask = np.zeros(mammogram.shape, np.bool_)
        mask[window.slices] = inner
        record = self.record(region, seed=seed, drawn={"model": _model(TRIP)})
        record["mask"] = {"rule": Blend.rule, "pixels": int(mask.sum())}
        record["reach"] = reach_of(part)
        return Forgery(write_back(mammogram, back, window), mask, record)


def picture_between(
    pixels: np.ndarray, tissue: np.ndarray, region: np.ndarray, *, side: int, ramp: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the trip to side x side makes of a square and of a region in it.

    Args:
        pixels: h x h, reference intensity.
        tissue: bool, h x h.
        region: bool, h x h.
        side: of the picture in between, pixels.
        ramp: width of the fading around the region, pixels of that picture.

    Returns:
        Pixels, tissue (bool) and the weight of a fill (1 in the region, falling to 0 over the ramp, 0 off the tissue):
        side x side each.
    """
    small = resized(pixels, side, side)
    # The hole covers every small pixel that a pixel of the region went into.
    hole = resized(region.astype(np.float32), side, side) > 0.01
    small_tissue = resized(tissue.astype(np.float32), side, side) > 0.5
    distance = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return small, small_tissue, np.clip(1 - distance / (ramp + 1), 0, 1) * small_tissue


def fill_tissue(
    pixels: np.ndarray, hole: np.ndarray, known: np.ndarray, *, network: str = NATIVE, work_side: int = 192
) -> np.ndarray:
    """The network's tissue for a hole.

    Args:
        pixels: h x w, reference intensity; what stands in the hole is ignored.
        hole: bool, h x w.
        known: bool, h x w, tissue outside the hole.
        network: name of its weights.
        work_side: a hole whose longer side is more pixels is filled on a reduced picture.

    Returns:
        float64, h x w, equal to ``pixels`` outside the hole.

    Raises:
        TamperscopeError: no tissue is known.
    """
    if not known.any():
        raise TamperscopeError("there is no breast tissue around the region to continue.")
    original = np.asarray(pixels, np.float64)
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    if not rows.size:
        return original
    longer = int(max(rows[-1] - rows[0], columns[-1] - columns[0])) + 1
    if longer <= work_side:
        return np.where(hole, _predict(network, original, hole, known), original)
    height, width = hole.shape
    small = tuple(max(1, round(length * work_side / longer)) for length in (width, height))
    share = cv2.resize(known.astype(np.float64), small, interpolation=cv2.INTER_AREA)
    reduced = cv2.resize(original * known, small, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-9)
    gone = cv2.resize(hole.astype(np.float64), small, interpolation=cv2.INTER_AREA)
    enough = share > 0.5 if (share > 0.5).any() else share == share.max()
    small_fill = _predict(network, reduced, ~enough & (gone > 0), enough)
    filled = cv2.resize(small_fill, (width, height), interpolation=cv2.INTER_CUBIC)
    # The enlarged picture meets the grain of the rim on average only; a membrane takes the step away.
    step = low_pass(original - filled, known, 2.0)
    return np.where(hole, filled + fill_harmonic(step, ~known), original)


def _predict(network: str, pixels: np.ndarray, hole: np.ndarray, known: np.ndarray) -> np.ndarray:
    """One run of the network on a picture of any size: float64, h x w."""
    height, width = pixels.shape
    mean = float(pixels[known].mean())
    start = smooth_start(pixels, hole, known)
    shape = tuple(-(-length // _MULTIPLE) * _MULTIPLE for length in (height, width))
    given = np.zeros((1, 2, *shape), np.float32)
    given[0, 0, :height, :width] = np.where(known | hole, (start - mean) / UNIT, 0)
    given[0, 1, :height, :width] = known
    return _network(network)(given)[0, 0, :height, :width].astype(np.float64) * UNIT + mean


def _lacking_grain(
    pixels: np.ndarray, filled: np.ndarray, hole: np.ndarray, known: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Texture with the tissue's power spectrum less that of the fill; float64, h x w."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    longer = int(max(rows[-1] - rows[0], columns[-1] - columns[0])) + 1
    sigma = float(np.clip(longer / 10, 2, 24))
    inside = cv2.erode(known.view(np.uint8), np.ones((5, 5), np.uint8), borderValue=1).view(np.bool_)
    near = cv2.distanceTransform((~hole).view(np.uint8), cv2.DIST_L2, 3) < max(16, longer / 3)
    texture = random_phase_grain(pixels - low_pass(pixels, known, sigma), inside, rng, near=near)
    tissue, own = power_spectrum(pixels, _PATCH, known), power_spectrum(filled, _PATCH, hole)
    smooth = [cv2.blur(np.fft.fftshift(spectrum), (3, 3)) for spectrum in (tissue, own)]
    gain = np.sqrt(np.clip(1 - smooth[1] / np.maximum(smooth[0], 1e-12), 0, 1))
    kernel = np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(gain)).real)
    return cv2.filter2D(texture, cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT)


def _model(name: str) -> dict[str, str]:
    weights = find_weights(name)
    return {"name": weights.name, "version": weights.version, "hash": weights.sha256[:16]}


@cache
def _network(name: str) -> Network:
    return load_network(find_weights(name).path, threads=1)
