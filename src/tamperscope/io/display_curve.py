"""The display curve of a DICOM image: modality LUT, VOI LUT, logarithm of raw counts, MONOCHROME1.

DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (photometric interpretation) and C.8.11.3
(pixel intensity relationship). The curve must be undone when a forgery is written, so it is strictly monotonic:
flat parts get a slight slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamperscope.io.decoded import DisplayCurve

FOR_PROCESSING_UID = "1.2.840.10008.5.1.4.1.1.1.2.1"
_LEAST_RISE = 0.02
"""Share of the brightness range that the slightest slope takes over all levels, so that float32 tells them apart.

With anchors at shares a0 < a1 < a2 of the range, end slopes that go on beyond them, the 65,536 levels of 16 bits and
2^-23 relative precision, that takes 2^-7 (1.6 (a2 - a1) + 1 - a2) at the bright end and 2^-7 a0 at the dark one:
0.0125 at most, wherever the anchors lie.
"""


def dicom_curve(dataset: Any, levels: np.ndarray, notes: list[str]) -> DisplayCurve:
    """How bright each stored level of a DICOM image is meant to look.

    Args:
        dataset: pydicom ``Dataset`` of a single-frame monochrome image.
        levels: float64, every stored level, increasing by 1.
        notes: gets a sentence for each thing that had to be assumed or left out.
    """
    values, names = _modality(dataset, levels, notes)
    if is_for_processing(dataset):
        values, name = _from_detector(dataset, values, notes)
        names.append(name)
    else:
        values, name = _values_of_interest(dataset, values, notes)
        if name:
            names.append(name)
        if str(dataset.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1":
            values = values[0] + values[-1] - values
            names.append("MONOCHROME1")
    return DisplayCurve(levels, values, ", ".join(names) or "identity")


def is_for_processing(dataset: Any) -> bool:
    """Whether the image holds raw detector values, which no one is meant to look at."""
    intent = str(dataset.get("PresentationIntentType", "")).strip().upper()
    return intent == "FOR PROCESSING" or str(dataset.get("SOPClassUID", "")) == FOR_PROCESSING_UID


def strictly_monotonic(values: np.ndarray) -> np.ndarray | None:
    """Make a table of values strictly monotonic, changing as little as possible.

    Plateaus between steps (a table with fewer grey levels than entries) become slopes through their centres. What
    is still flat, at the ends, continues from the middle outwards with a slope of 2 % of the range over the whole
    table. Parts that are steeper than that stay as they are.

    Args:
        values: float64, N.

    Returns:
        float64, N, or None where the values are constant or change direction.
    """
    steps = np.diff(values)
    if not np.isfinite(values).all() or not steps.any():
        return None
    if (steps > 0).any() and (steps < 0).any():
        return None
    if values[-1] < values[0]:
        opposite = strictly_monotonic(-values)
        return None if opposite is None else -opposite
    count = len(values)
    starts = np.flatnonzero(np.concatenate([[True], steps != 0]))
    ends = np.append(starts[1:], count) - 1
    centres = (starts + ends) / 2
    centres[0], centres[-1] = ends[0], starts[-1]
    smooth = np.interp(np.arange(count), centres, values[starts])
    rise = _LEAST_RISE * (smooth[-1] - smooth[0]) / count
    ramp = rise * np.arange(count)
    middle = int(np.searchsorted(smooth, (smooth[0] + smooth[-1]) / 2))
    level = smooth - ramp
    level[middle:] = np.maximum.accumulate(level[middle:])
    level[: middle + 1] = np.minimum.accumulate(level[middle::-1])[::-1]
    return level + ramp


def _modality(dataset: Any, levels: np.ndarray, notes: list[str]) -> tuple[np.ndarray, list[str]]:
    sequence = dataset.get("ModalityLUTSequence")
    if sequence:
        table = _look_up(sequence[0], levels, "Modality LUT Sequence (0028,3000)", notes)
        if table is not None:
            return table, ["modality LUT"]
    slope = _number(dataset, "RescaleSlope", 1.0)
    intercept = _number(dataset, "RescaleIntercept", 0.0)
    if slope == 0 or not np.isfinite([slope, intercept]).all():
        notes.append("Rescale Slope (0028,1053) is no usable number and was ignored.")
        slope, intercept = 1.0, 0.0
    if (slope, intercept) == (1.0, 0.0):
        return levels.copy(), []
    return slope * levels + intercept, [f"rescale {slope:g} x + {intercept:g}"]


def _values_of_interest(dataset: Any, values: np.ndarray, notes: list[str]) -> tuple[np.ndarray, str]:
    sequence = dataset.get("VOILUTSequence")
    if sequence:
        table = _look_up(sequence[0], values, "VOI LUT Sequence (0028,3010)", notes)
        if table is not None:
            return table, "VOI LUT"
    function = str(dataset.get("VOILUTFunction", "") or "LINEAR").strip().upper()
    if function != "SIGMOID":
        # A linear window is left out: the anchors undo it, and its clipping could not be undone.
        return values, ""
    centre, width = _number(dataset, "WindowCenter", np.nan), _number(dataset, "WindowWidth", np.nan)
    if not width > 0 or not np.isfinite(centre):
        notes.append("The SIGMOID window has no usable Window Center and Width (0028,1050/1051) and was ignored.")
        return values, ""
    logistic = 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    curved = strictly_monotonic(logistic)
    if curved is None:
        notes.append("The SIGMOID window lies outside the stored values and was ignored.")
        return values, ""
    return curved, f"sigmoid window {centre:g} / {width:g}"


def _from_detector(dataset: Any, values: np.ndarray, notes: list[str]) -> tuple[np.ndarray, str]:
    """Detector values, high where many X-rays came through, become brightness, high where few did."""
    relation = str(dataset.get("PixelIntensityRelationship", "") or "").strip().upper()
    sign = _number(dataset, "PixelIntensityRelationshipSign", 0.0)
    if relation not in ("LIN", "LOG"):
        notes.append("A FOR PROCESSING image without Pixel Intensity Relationship (0028,1040): taken as LIN.")
        relation = "LIN"
    if sign not in (1.0, -1.0):
        notes.append("A FOR PROCESSING image without Pixel Intensity Relationship Sign (0028,1041): taken as 1.")
        sign = 1.0
    if relation == "LOG":
        return -sign * values, "logarithmic detector values" + (", inverted" if sign > 0 else "")
    low, high = float(values.min()), float(values.max())
    counts = values - min(low, 0.0) if sign > 0 else high - values
    return -np.log(counts + 1), "minus logarithm of detector counts"


def _look_up(item: Any, values: np.ndarray, name: str, notes: list[str]) -> np.ndarray | None:
    """Apply a LUT of a sequence item to values; None, with a note, where it can't be used."""
    try:
        count, first, bits = (int(number) for number in item.LUTDescriptor)
        raw = item.LUTData
        count = count or 65536
        if isinstance(raw, bytes | bytearray):
            kind = np.dtype("u1") if bits <= 8 and len(raw) in (count, count + 1) else np.dtype("<u2")
            table = np.frombuffer(raw, kind)[:count].astype(np.float64)
        else:
            table = np.atleast_1d(np.asarray(raw, np.float64))[:count]
    except (AttributeError, TypeError, ValueError):
        notes.append(f"The {name} can't be read and was ignored.")
        return None
    if len(table) != count or count < 2:
        notes.append(f"The {name} has {len(table)} entries where its descriptor says {count}, and was ignored.")
        return None
    if first > 32767 and values.min() < 0:
        first -= 65536  # the descriptor's second number has the sign of the values that it maps
    curved = strictly_monotonic(table)
    if curved is None:
        notes.append(f"The {name} is not monotonic, so that it could not be undone, and was ignored.")
        return None
    # Beyond the table the standard repeats its ends; a slight slope keeps that part invertible.
    mapped = strictly_monotonic(np.interp(values, first + np.arange(count), table))
    if mapped is None:
        notes.append(f"The {name} is constant over the stored values and was ignored.")
    return mapped


def _number(dataset: Any, keyword: str, default: float) -> float:
    """First value of a numeric attribute, or the default where it is missing or no number."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return default
    try:
        return float(value if isinstance(value, str | int | float) else np.atleast_1d(value)[0])
    except (TypeError, ValueError, IndexError):
        return default
