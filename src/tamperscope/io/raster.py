"""PNG, TIFF, JPEG and NPY files as mammograms."""

from __future__ import annotations

import struct

import cv2
import numpy as np

from tamperscope.errors import UnscorableImageError
from tamperscope.io.codestream import FrameHeader, jpeg_header
from tamperscope.io.decoded import Decoded, DisplayCurve, Kind, identity_curve
from tamperscope.io.limits import check_size
from tamperscope.io.naming import side_and_view
from tamperscope.io.npy import decode_npy
from tamperscope.io.png import png_header
from tamperscope.io.spacing import spacing_of_tag
from tamperscope.io.tiff import decode_tiff
from tamperscope.mammogram import Spacing

WHITE_IS_ZERO = "white is zero"
"""In the name of the display curve of a TIFF file whose photometric interpretation is 0."""
_GREY_TOLERANCE = 0.03
"""Of the full range: how far the channels of a grey pixel may lie apart after JPEG."""
_COLOURED_SHARE = 0.001
_DEFLATE_RATIO = 1033
"""What deflate reaches at most (zlib, technical details)."""


def decode_raster(content: bytes, kind: Kind, *, name: str = "") -> Decoded:
    """Decode a raster file that holds one mammogram.

    Args:
        content: the whole file.
        kind: ``"png"``, ``"tiff"``, ``"jpeg"`` or ``"npy"``, by its first bytes.
        name: the file's name, asked for side and view.

    Raises:
        UnscorableImageError: it holds no mammogram that can be scored.
    """
    notes: list[str] = []
    spacing: Spacing | None = None
    white_is_zero = False
    if kind == "png":
        pixels, spacing = _png(content, notes)
    elif kind == "jpeg":
        pixels, spacing = _jpeg(content, notes)
    elif kind == "tiff":
        tiff = decode_tiff(content)
        pixels, white_is_zero = tiff.pixels, tiff.white_is_zero
        if tiff.per_mm:
            spacing = spacing_of_tag(tiff.per_mm, "TIFF", notes)
    else:
        pixels = decode_npy(content)
    stored = _one_channel(pixels, notes)
    if kind == "jpeg":
        # The PNG expansion of 8 bits, so that a forgery can be finer than the file's grey levels.
        stored = stored.astype(np.uint16) * np.uint16(257)
        notes.append("A JPEG file: its pixels have been through lossy compression.")
    curve = identity_curve(stored)
    if white_is_zero:
        curve = DisplayCurve(curve.levels, curve.inverted().display, WHITE_IS_ZERO)
    laterality, view = side_and_view(name)
    return Decoded(kind, stored, curve, spacing=spacing, laterality=laterality, view=view, notes=notes)


def _png(content: bytes, notes: list[str]) -> tuple[np.ndarray, Spacing | None]:
    header = png_header(content)
    check_size(header.rows, header.columns)
    if header.depth not in (8, 16):
        raise UnscorableImageError(f"The PNG file has a bit depth of {header.depth}, and 8 or 16 is needed.")
    if len(content) * _DEFLATE_RATIO < header.rows * header.columns * header.depth // 8:
        raise UnscorableImageError("The PNG file is damaged: it has too few bytes for its pixels.")
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != (header.rows, header.columns):
        raise UnscorableImageError("The PNG file is damaged: its pixels can't be decoded.")
    if not header.per_metre:
        return pixels, None
    across, down = (count / 1000 for count in header.per_metre)
    return pixels, spacing_of_tag((across, down), "PNG", notes)


def _jpeg(content: bytes, notes: list[str]) -> tuple[np.ndarray, Spacing | None]:
    header = jpeg_header(content)
    if header is None or not header.scan_start:
        raise UnscorableImageError("The JPEG file is damaged or truncated: it has no picture in it.")
    check_size(header.rows, header.columns)
    _check_jpeg(header)
    if content.rfind(b"\xff\xd9", header.scan_start) < 0:
        raise UnscorableImageError("The JPEG file is truncated: it has no end.")
    # A turn that EXIF asks for would no longer be the file's own pixels.
    # From a colour picture this takes the luminance as the file holds it, without the way to RGB and back.
    data = np.frombuffer(content, np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_GRAYSCALE)
    if pixels is None or pixels.shape[:2] != (header.rows, header.columns):
        raise UnscorableImageError("The JPEG file is damaged: its pixels can't be decoded.")
    if header.samples == 3:
        # Half the size is enough to see colour, and has an eighth of the work.
        small = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION)
        if small is not None:
            _one_channel(small, [])
        notes.append("The colour picture is grey throughout and was taken as such.")
    return pixels, _jfif_spacing(content, notes)


def _check_jpeg(header: FrameHeader) -> None:
    if header.marker not in (0xC0, 0xC1, 0xC2) or header.precision != 8:
        raise UnscorableImageError(
            f"The JPEG file is of a rare kind ({header.precision} bits, marker FF{header.marker:02X}), and 8-bit "
            "baseline or progressive is needed."
        )
    if header.samples not in (1, 3):
        raise UnscorableImageError(f"The JPEG file is in colour: it has {header.samples} samples a pixel.")


def _jfif_spacing(content: bytes, notes: list[str]) -> Spacing | None:
    if content[2:4] != b"\xff\xe0" or content[6:11] != b"JFIF\0" or len(content) < 18:
        return None
    unit, across, down = struct.unpack_from(">BHH", content, 13)
    per_unit = {1: 25.4, 2: 10.0}.get(unit)
    if per_unit is None:
        return None
    return spacing_of_tag((across / per_unit, down / per_unit), "JPEG", notes)


def _one_channel(pixels: np.ndarray, notes: list[str]) -> np.ndarray:
    """The grey channel of a picture, refusing colour and transparency."""
    if pixels.ndim == 2:
        return pixels
    full = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind in "iu" else float(np.abs(pixels).max()) or 1.0
    if pixels.shape[2] == 4:
        if pixels[..., 3].min() != pixels[..., 3].max():
            raise UnscorableImageError("The picture is transparent in parts, which no mammogram is.")
        notes.append("The transparency channel, equal everywhere, was left out.")
    colours = pixels[..., :3]
    first, second, third = (colours[..., channel] for channel in range(3))
    spread = np.maximum(np.maximum(first, second), third) - np.minimum(np.minimum(first, second), third)
    if float((spread > _GREY_TOLERANCE * full).mean()) > _COLOURED_SHARE:
        raise UnscorableImageError("The picture is in colour, and mammograms are grey.")
    notes.append("The colour picture is grey throughout: its green channel was taken.")
    return np.ascontiguousarray(colours[..., 1])
