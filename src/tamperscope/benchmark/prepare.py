"""The untouched image of a benchmark: one lossless 16-bit PNG a source image, which forgers and detectors read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tamperscope import __version__
from tamperscope.benchmark.lossless import GREY_LEVEL, LEVELS, make_lossless_like
from tamperscope.benchmark.protocol import Preparation
from tamperscope.benchmark.sources.collection import Lesion, SourceImage
from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region
from tamperscope.io.files import beside, file_sha256
from tamperscope.io.intensity import TabulatedMap
from tamperscope.io.read import read_mammogram
from tamperscope.io.write import write_marked
from tamperscope.mammogram import Mammogram, Source, Spacing

_HIGHEST = np.iinfo(np.uint16).max
_STRAIGHT = ("identity", "rescale", "MONOCHROME1", "white is zero", "inverted")
"""Display curves that change neither the number of grey levels nor their distances (``io/display_curve.py``)."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """An untouched image of the benchmark.

    Attributes:
        path: the PNG.
        record: as it was written.
        lesions: outlines in pixels of the PNG.
    """

    path: Path
    record: dict[str, Any]
    lesions: tuple[Lesion, ...]

    def read(self) -> Mammogram:
        """The image as any reader of the PNG sees it; forged values stay within the bits in use."""
        mammogram = read_mammogram(self.path)
        source = mammogram.source
        assert source is not None
        assert isinstance(source.intensity_map, TabulatedMap)
        levels = 1 << max(12, int(source.stored.max()).bit_length())
        full = source.intensity_map
        limited = replace(full, stored=full.stored[:levels], reference=full.reference[:levels])
        return replace(mammogram, source=replace(source, intensity_map=limited))


def prepare_image(
    image: SourceImage, path: Path, *, preparation: Preparation, lossy: bool, seed: int, tone: float = 0
) -> Prepared:
    """Write the untouched image, or take it from an earlier, interrupted build.

    Args:
        image: of the source.
        path: of the PNG to write, with its mask and its record beside it.
        preparation: how.
        lossy: whether the source's files are.
        seed: of scale, noise and tone.
        tone: the display curve is bent by a power between exp(-tone) and exp(tone); 0 leaves it.

    Raises:
        UnscorableImageError: the source image can't be read.
    """
    how = {"auto": "added-noise" if lossy else "as-is"}.get(preparation, preparation)
    wanted = {"preparation": how, "seed": seed, "package": __version__} | ({"tone": tone} if tone else {})
    done = read_record(path)
    if done is not None and done.get("prepared", {}).get("wanted") == wanted:
        return from_record(path, done)
    original = image.read()
    rng = np.random.default_rng(seed)
    if tone:
        original = _bent(original, float(np.exp(np.random.default_rng([seed, 1]).uniform(-tone, tone))))
    if how == "as-is":
        made = _as_png(_between_levels(original, rng), own_levels=False) if tone else _as_png(original)
    elif how == "own-noise":
        made = make_lossless_like(original, rng=rng, scales=(0.5, 0.5), noise=None)
    else:
        made = make_lossless_like(original, rng=rng)
    made = replace(made, spacing=Spacing(made.spacing.mm, "file"))
    assert made.source is not None
    lesions = [_scaled(lesion, original.shape, made.shape) for lesion in image.lesions]
    record = {
        "forger": "none",
        "family": "untouched",
        "label": 0,
        "prepared": {
            "wanted": wanted,
            "shape": list(made.shape),
            "pixels_sha256": pixels_sha256(made.source.stored),
            "lesions": [{"outline": dict(one.outline.shape), "mass": one.mass} for one in lesions if one is not None],
        },
    }
    write_marked(path, made, mask=np.zeros(made.shape, np.bool_), record=record)
    written = read_record(path)
    assert written is not None
    return from_record(path, written)


def from_record(path: Path, record: dict[str, Any]) -> Prepared:
    """A prepared image that is there already."""
    lesions = tuple(Lesion(Region.from_record(one["outline"]), one["mass"]) for one in record["prepared"]["lesions"])
    return Prepared(path, record, lesions)


def read_record(path: Path) -> dict[str, Any] | None:
    """The record beside an image, if both are there and belong together."""
    _, record_path = beside(path)
    try:
        record = json.loads(record_path.read_text(encoding="utf-8"))
        whole = file_sha256(path) == record["written_sha256"]
    except (OSError, ValueError, KeyError):
        return None
    return record if whole else None


def pixels_sha256(stored: np.ndarray) -> str:
    """Hash of stored values, row by row, as 16-bit little endian."""
    return hashlib.sha256(np.ascontiguousarray(stored.astype("<u2")).data).hexdigest()


def _bent(mammogram: Mammogram, power: float) -> Mammogram:
    """The image behind another display curve: black and the highest of 12 bits stay, what lies between moves."""
    top = np.float32(LEVELS * GREY_LEVEL)
    return replace(mammogram, pixels=top * (np.maximum(mammogram.pixels, 0) / top) ** np.float32(power))


def _between_levels(mammogram: Mammogram, rng: np.random.Generator) -> Mammogram:
    """The image with each value drawn evenly from the width of its level, air as it is.

    Bent, the levels of a coarse image (8 bits) lie far apart on the PNG's grid. Forged pixels would lie between them,
    and a look at the levels alone would tell them.
    """
    levels, place = np.unique(mammogram.pixels, return_inverse=True)
    if len(levels) < 2:
        return mammogram
    width = np.gradient(levels).astype(np.float32)[place].reshape(mammogram.shape)
    drawn = mammogram.pixels + width * (rng.random(mammogram.shape, dtype=np.float32) - np.float32(0.5))
    return replace(mammogram, pixels=np.where(mammogram.pixels > 0, np.maximum(drawn, 0), mammogram.pixels))


def _as_png(mammogram: Mammogram, *, own_levels: bool = True) -> Mammogram:
    """The image with stored values that a PNG can hold: its own where they are whole numbers and look as they are."""
    source = mammogram.source
    if source is None:
        raise TamperscopeError("an image made in memory can't be prepared: it has no source file.")
    levels = _own_levels(mammogram, source) if own_levels else None
    if levels is None:
        # Behind a curve (a look-up table, detector counts) the values are what they look like, in steps of 0.3.
        lowest = np.floor(float(mammogram.pixels.min()) / GREY_LEVEL)
        levels = np.clip(np.rint(mammogram.pixels / GREY_LEVEL) - lowest, 0, _HIGHEST)
    stored = levels.astype(np.uint16)
    top = max(LEVELS, int(stored.max()) + 1)
    identity = np.arange(top, dtype=np.float64)
    note = "Kept as a 16-bit PNG."
    as_png = Source(
        source.path, source.sha256, "png", stored, TabulatedMap(identity, identity, (0, 1, 2), note), notes=source.notes
    )
    return replace(mammogram, source=as_png)


def _own_levels(mammogram: Mammogram, source: Source) -> np.ndarray | None:
    kind = str(source.intensity_map.describe().get("kind", ""))
    if source.stored.dtype.kind not in "iu" or not all(name.startswith(_STRAIGHT) for name in kind.split(", ")):
        return None
    levels = source.stored.astype(np.int64)
    shown = source.intensity_map.to_reference(source.stored)
    # Padding lies anywhere in the range of values, and is air.
    padded = (mammogram.pixels == 0) & (shown != 0)
    if padded.any():
        air = source.intensity_map.to_stored(np.zeros(1), source.stored.dtype)
        levels[padded] = int(air[0])
    low, high = int(levels.min()), int(levels.max())
    ends = source.intensity_map.to_reference(np.array([low, high], source.stored.dtype))
    levels = levels - low if ends[1] > ends[0] else high - levels
    return levels if high - low <= _HIGHEST else None


def _scaled(lesion: Lesion, before: tuple[int, int], after: tuple[int, int]) -> Lesion | None:
    """An outline in the pixels of the prepared image; None where it is not all inside."""
    outline = lesion.outline
    contours, _ = cv2.findContours(outline.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = max(contours, key=cv2.contourArea)[:, 0] + np.array((outline.x, outline.y))
    moved = (points + 0.5) * (after[1] / before[1], after[0] / before[0]) - 0.5
    if len(moved) < 3:
        return None
    region = Region.polygon(moved)
    try:
        region.check_inside(*after)
    except TamperscopeError:
        return None
    return Lesion(region, lesion.mass)
