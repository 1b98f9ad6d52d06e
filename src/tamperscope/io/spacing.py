"""The side of a pixel in millimetres: from the file, from the detector's matrix, or from the frame.

Spacing is that of the **detector plane** (Imager Pixel Spacing), as it is in the images that the networks were
trained on. Only a magnification view is brought to the object's plane, by the factor that its file documents.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamperscope.errors import UnscorableImageError
from tamperscope.mammogram import Spacing

PLAUSIBLE_FILE_MM = (0.02, 0.5)
PLAUSIBLE_TAG_MM = (0.03, 0.3)
DEFAULT_DPI = (72, 96, 300)
"""What programs write into a file when they know nothing."""
MAGNIFICATION_VIEW = 1.25
"""Contact views have factors of 1.0 to 1.1, magnification views of 1.5 to 2."""

DETECTOR_MATRICES = {
    (3328, 2560): 0.07, (4096, 3328): 0.07, (4096, 2560): 0.07, (4084, 3328): 0.07,
    (2294, 1914): 0.094,
    (3062, 2394): 0.1, (2850, 2394): 0.1, (2457, 1996): 0.1,
    (3518, 2800): 0.085, (2816, 2016): 0.085, (3584, 2816): 0.085,
    (4740, 3540): 0.05, (5928, 4728): 0.05,
}  # fmt: skip
"""Full matrices of digital detectors, rows and columns, and their pitch in mm."""
PITCHES_MM = (0.1, 0.094, 0.085, 0.07, 0.05, 0.0435)
FRAME_MM = 310.0
"""Long side of the largest frame, 24 x 30 cm, with a little tolerance."""
DOWNSAMPLED_BELOW = 1400
"""Pixels. A breast cropped at 0.1 mm still has 1,400 rows; fewer mean that the image was made smaller."""
DOWNSAMPLED_FRAME_MM = 240.0


def spacing_of_dicom(dataset: Any, notes: list[str]) -> Spacing | None:
    """Spacing that the attributes of a DICOM file tell, or None.

    Raises:
        UnscorableImageError: pixels are not square.
    """
    _check_aspect(dataset)
    for keyword, name in (
        ("ImagerPixelSpacing", "Imager Pixel Spacing (0018,1164)"),
        ("NominalScannedPixelSpacing", "Nominal Scanned Pixel Spacing (0018,2010)"),
        ("PixelSpacing", "Pixel Spacing (0028,0030)"),
    ):
        pair = _numbers(dataset.get(keyword))
        if len(pair) != 2:
            continue
        down, across = pair
        low, high = PLAUSIBLE_FILE_MM
        if not (low <= down <= high and low <= across <= high):
            notes.append(f"{name} is {down:g} x {across:g} mm, which no mammogram has, and was ignored.")
            continue
        if abs(down - across) > 0.02 * across:
            raise UnscorableImageError(f"The pixels are not square: {name} is {down:g} x {across:g} mm.")
        factor = _numbers(dataset.get("EstimatedRadiographicMagnificationFactor"))
        if keyword == "ImagerPixelSpacing" and factor and MAGNIFICATION_VIEW <= factor[0] <= 4:
            magnified = "Estimated Radiographic Magnification Factor (0018,1114)"
            return Spacing(across / factor[0], "file", f"{name} divided by {magnified}, {factor[0]:g}.")
        return Spacing(across, "file", f"{name}.")
    return None


def spacing_of_tag(per_mm: tuple[float, float], name: str, notes: list[str]) -> Spacing | None:
    """Spacing by the resolution tag of a raster file, where it can be that of a mammogram.

    Args:
        per_mm: pixels a millimetre, across and down.
        name: of the tag, for the note.
        notes: gets a sentence where the tag is not believed.
    """
    across, down = per_mm
    if not (across > 0 and down > 0 and np.isfinite([across, down]).all()):
        return None
    dpi = across * 25.4
    low, high = PLAUSIBLE_TAG_MM
    if any(abs(dpi - default) < 0.01 * default for default in DEFAULT_DPI):
        return None
    if not low <= 1 / across <= high or abs(across - down) > 0.02 * across:
        notes.append(f"The {name} resolution of {dpi:.0f} dpi is not a mammogram's and was ignored.")
        return None
    return Spacing(1 / across, "file", f"Resolution tag of the {name} file.")


def spacing_of_frame(rows: int, columns: int) -> Spacing:
    """Spacing by the detector's matrix, else by the largest pitch with which the image fits a mammography frame."""
    long_side, short_side = max(rows, columns), min(rows, columns)
    pitch = DETECTOR_MATRICES.get((long_side, short_side))
    if pitch is not None:
        note = f"The file does not tell the pixel spacing; a {long_side} x {short_side} detector has {pitch:g} mm."
        return Spacing(pitch, "detector-matrix", note)
    if long_side < DOWNSAMPLED_BELOW:
        pitch = DOWNSAMPLED_FRAME_MM / long_side
        note = (
            f"The file does not tell the pixel spacing; {long_side} pixels for a frame of 240 mm "
            f"mean {pitch:.3f} mm, and that the image was made smaller."
        )
        return Spacing(pitch, "frame", note)
    fitting = [pitch for pitch in PITCHES_MM if long_side * pitch <= FRAME_MM]
    pitch = fitting[0] if fitting else FRAME_MM / long_side
    note = (
        f"The file does not tell the pixel spacing; {pitch:g} mm is the largest usual pitch with which "
        f"{long_side} pixels fit a 24 x 30 cm frame."
    )
    return Spacing(pitch, "frame", note)


def _check_aspect(dataset: Any) -> None:
    aspect = _numbers(dataset.get("PixelAspectRatio"))
    if len(aspect) == 2 and aspect[0] > 0 and aspect[1] > 0 and abs(aspect[0] / aspect[1] - 1) > 0.02:
        raise UnscorableImageError(
            f"The pixels are not square: Pixel Aspect Ratio (0028,0034) is {aspect[0]:g}:{aspect[1]:g}."
        )


def _numbers(value: Any) -> list[float]:
    """The numbers of an attribute; empty where it is missing or holds anything else."""
    if value is None or value == "":
        return []
    try:
        values = [float(part) for part in (value if not isinstance(value, str | int | float) else [value])]
    except (TypeError, ValueError):
        return []
    return values if np.isfinite(values).all() else []
