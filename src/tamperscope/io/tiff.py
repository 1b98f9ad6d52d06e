"""TIFF files: one page of grey (or grey RGB) pixels, 8 or 16 bits or float."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tifffile

from tamperscope.errors import UnscorableImageError
from tamperscope.io.limits import check_size

# What tifffile has to say about a damaged file is said by the exceptions here.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_INFLATING = 2000
"""No compression of grey pixels that TIFF knows makes more bytes than this out of one."""


@dataclass(frozen=True, eq=False)
class Tiff:
    """Pixels, H x W or H x W x channels; whether white is 0; pixels a millimetre, across and down, or None."""

    pixels: np.ndarray
    white_is_zero: bool
    per_mm: tuple[float, float] | None


def decode_tiff(content: bytes) -> Tiff:
    """Decode the only page of a TIFF file.

    Raises:
        UnscorableImageError: it is damaged, has several pages, or pixels of another kind.
    """
    try:
        file = tifffile.TiffFile(io.BytesIO(content))
        pages: Any = [page for page in file.pages if not page.is_reduced]  # type: ignore[union-attr]
    except Exception as error:  # tifffile raises whatever broken directories lead to
        raise UnscorableImageError("The TIFF file is damaged: its directory can't be read.") from error
    if len(pages) != 1:
        raise UnscorableImageError(f"The TIFF file has {len(pages)} pages, and one single image is needed.")
    page = pages[0]
    check_size(int(page.imagelength), int(page.imagewidth))
    samples, bits = int(page.samplesperpixel), page.bitspersample
    if page.dtype is None or page.dtype.kind not in "iuf" or bits not in (8, 16, 32, 64) or page.imagedepth != 1:
        raise UnscorableImageError(
            f"The TIFF pixels have a bit depth of {bits}, and 8 or 16 (or 32-bit float) is needed."
        )
    if page.photometric not in (0, 1, 2) or samples not in (1, 3, 4):
        raise UnscorableImageError(
            f"The TIFF picture is neither grey nor RGB: it has {samples} samples a pixel, photometric "
            f"interpretation {int(page.photometric)}."
        )
    size = int(page.imagelength) * int(page.imagewidth) * samples * page.dtype.itemsize
    stored = sum(page.databytecounts)
    if max((a + b for a, b in zip(page.dataoffsets, page.databytecounts, strict=False)), default=0) > len(content):
        raise UnscorableImageError("The TIFF file is truncated: its pixels lie beyond its end.")
    if stored < size if page.compression == 1 else stored * _INFLATING < size:
        raise UnscorableImageError("The TIFF file is damaged: it has too few bytes for its pixels.")
    pixels = _pixels(page, content)
    if pixels.shape[:2] != (page.imagelength, page.imagewidth):
        raise UnscorableImageError(f"The TIFF file has an unusual layout, {pixels.shape}.")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise UnscorableImageError("The TIFF file holds values that are not a number (NaN) or infinite.")
    return Tiff(pixels, page.photometric == 0, _resolution(page))


def _pixels(page: Any, content: bytes) -> np.ndarray:
    try:
        pixels = page.asarray()
        if pixels.ndim == 3 and page.planarconfig == 2:
            pixels = np.moveaxis(pixels, 0, -1)
        return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    except Exception as error:  # of tifffile's: a codec that it lacks, or damaged data
        # OpenCV knows LZW and others that tifffile leaves to a package of its own; it may turn white-is-zero.
        if page.photometric != 0 and page.bitspersample in (8, 16):
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
            if pixels is not None and pixels.dtype == page.dtype:
                return pixels
        raise UnscorableImageError(
            f"The TIFF pixels can't be decoded (compression {getattr(page.compression, 'name', page.compression)}): "
            "save the file uncompressed or deflated."
        ) from error


def _resolution(page: Any) -> tuple[float, float] | None:
    """Pixels a millimetre by XResolution, YResolution and ResolutionUnit (2 inch, 3 cm)."""
    tags = page.tags
    unit = {2: 25.4, 3: 10.0}.get(int(tags[296].value) if 296 in tags else 2)
    if unit is None or 282 not in tags or 283 not in tags:
        return None
    across, down = (float(n) / float(d) if d else 0.0 for n, d in (tags[282].value, tags[283].value))
    return across / unit, down / unit
