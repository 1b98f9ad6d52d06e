"""Read one file as a mammogram, whatever its name says."""

from __future__ import annotations

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from tamperscope.errors import UnscorableImageError
from tamperscope.io.decoded import Decoded
from tamperscope.io.dicom import decode_dicom
from tamperscope.io.intensity import TabulatedMap, anchored_map, choose_anchors
from tamperscope.io.limits import MAX_FILE_BYTES, MIN_GREY_LEVELS, check_size
from tamperscope.io.polarity import is_negative
from tamperscope.io.raster import decode_raster
from tamperscope.io.sniff import HEAD_BYTES, foreign_name, kind_of
from tamperscope.io.spacing import spacing_of_frame
from tamperscope.io.tissue import find_tissue
from tamperscope.mammogram import Mammogram, Source

_WORK_SIDE = 512
"""Pixels. Tissue, polarity and anchors need no more of an image."""


def read_mammogram(path: str | Path) -> Mammogram:
    """Read a mammogram from a DICOM, PNG, TIFF, JPEG or NPY file.

    The file's kind is told by its content. Images have at least 512 x 256 and at most 8192 x 8192 pixels.

    Args:
        path: the file.

    Returns:
        Pixels in reference intensity, tissue, spacing, and the stored values that a forgery needs.

    Raises:
        UnscorableImageError: the file is no mammogram that can be scored; the message says why in one sentence. No
            other exception leaves this function, whatever the file holds.
    """
    path = Path(path)
    try:
        content = _content(path)
        kind = kind_of(content[:HEAD_BYTES])
        if kind is None:
            what = foreign_name(content[:HEAD_BYTES])
            raise UnscorableImageError(f"The file is {what}, and none of DICOM, PNG, TIFF, JPEG and NPY.")
        with ThreadPoolExecutor(1) as second_core:
            hashed = second_core.submit(hashlib.sha256, content)
            decoded = (
                decode_dicom(content, name=path.name)
                if kind == "dicom"
                else decode_raster(content, kind, name=path.name)
            )
        del content
        return _mammogram(path, hashed.result().hexdigest(), decoded)
    except UnscorableImageError as error:
        sentence = str(error)
        if sentence.isprintable():
            raise
        # A damaged attribute that is quoted must not reach a terminal as it is.
        raise UnscorableImageError("".join(c if c.isprintable() else "?" for c in sentence)) from error
    except MemoryError as error:
        raise UnscorableImageError("There is not enough memory for this image.") from error
    except Exception as error:
        # The parsers below raise whatever damaged bytes lead them to, and a batch of images must go on.
        detail = "".join(c if c.isprintable() else " " for c in " ".join(str(error).split()))[:200]
        raise UnscorableImageError(
            f"The file is damaged: {type(error).__name__}: {detail}".rstrip(": ") + "."
        ) from error


def _content(path: Path) -> bytes:
    """All bytes of a regular file of reasonable size."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnscorableImageError("This is a folder, not a file.")
        if not stat.S_ISREG(status.st_mode):
            raise UnscorableImageError("This is no regular file.")
        if status.st_size == 0:
            raise UnscorableImageError("The file is empty.")
        if status.st_size > MAX_FILE_BYTES:
            raise UnscorableImageError(
                f"The file has {status.st_size / 2**20:.0f} MB: no single mammogram has more than "
                f"{MAX_FILE_BYTES / 2**20:.0f} MB (tomosynthesis and series can't be scored)."
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnscorableImageError("The file does not exist.") from error
    except PermissionError as error:
        raise UnscorableImageError("The file may not be read: permission denied.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnscorableImageError(f"The file can't be read: {reason}.") from error


def _mammogram(path: Path, sha256: str, decoded: Decoded) -> Mammogram:
    """Tissue, anchors, reference intensity and spacing of decoded pixels."""
    stored, curve, notes = decoded.stored, decoded.curve, decoded.notes
    rows, columns = stored.shape
    check_size(rows, columns)
    step = max(1, -(-max(rows, columns) // _WORK_SIDE))
    small = np.ascontiguousarray(stored[::step, ::step])
    used = np.ones(small.shape, np.bool_)
    if decoded.padding is not None:
        low, high = decoded.padding
        used = (small < low) | (small > high)
    if not used.any():
        raise UnscorableImageError("The image holds nothing but padding.")
    if np.unique(small[used]).size < 2:
        raise UnscorableImageError("The image is blank: all of its pixels have the same value.")
    shown = curve(small)
    # Padding says nothing about brightness: it is left out of all statistics, and counts as air below.
    if is_negative(np.where(used, shown, np.float32(shown[used].mean()))):
        curve = curve.inverted()
        shown = curve(small)
        notes.append("Air is the brightest part of the image, so it was taken as a negative and turned.")
    shown = np.where(used, shown, shown[used].min())
    tissue = find_tissue(shown)
    if not tissue.any():
        raise UnscorableImageError("No breast was found: nothing large stands out from the background.")
    if np.unique(small[tissue]).size < MIN_GREY_LEVELS:
        raise UnscorableImageError("The image has too few grey levels: it is a mask or a drawing, not a mammogram.")
    try:
        anchors = choose_anchors(shown[used], tissue[used])
    except ValueError as error:
        raise UnscorableImageError(f"The image can't be mapped to reference intensity: {error}.") from error
    intensity_map = _intensity_map(decoded, anchors, curve.levels, curve.display, curve.name)
    pixels = intensity_map.to_reference(stored)
    if tissue.mean() > 0.97:
        notes.append("No background was found around the breast.")
    # Into NumPy's memory, which comes in large pages; OpenCV's does not.
    whole = np.empty((rows, columns), np.uint8)
    tissue = cv2.resize(tissue.view(np.uint8), (columns, rows), dst=whole, interpolation=cv2.INTER_NEAREST).view(
        np.bool_
    )
    if decoded.padding is not None:
        padded = (stored >= decoded.padding[0]) & (stored <= decoded.padding[1])
        pixels[padded] = 0
        tissue &= ~padded
    spacing = decoded.spacing or spacing_of_frame(rows, columns)
    return Mammogram(
        pixels=pixels,
        tissue=tissue,
        spacing=spacing,
        laterality=decoded.laterality,
        view=decoded.view,
        patient=decoded.patient,
        source=Source(path, sha256, decoded.kind, stored, intensity_map, decoded.dataset, tuple(notes)),
    )


def _intensity_map(
    decoded: Decoded, anchors: tuple[float, float, float], levels: np.ndarray, display: np.ndarray, name: str
) -> TabulatedMap:
    """Display curve and anchors as one map; a straight curve of a wide type gets the anchors as its knots."""
    table = decoded.stored.dtype.kind in "iu" and len(levels) == int(levels[-1]) - int(levels[0]) + 1
    if not table:
        # Two knots are a line, whose value at the anchors follows by interpolation of its inverse.
        at = (
            np.interp(anchors, display, levels)
            if display[1] > display[0]
            else np.interp(anchors, display[::-1], levels[::-1])
        )
        levels = np.unique(np.concatenate([levels, at]))
        slope = (display[-1] - display[0]) / (decoded.curve.levels[-1] - decoded.curve.levels[0])
        display = display[0] + slope * (levels - decoded.curve.levels[0])
    return anchored_map(levels, display, anchors, kind=name)
