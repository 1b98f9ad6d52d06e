"""Read one file as a mammogram, whatever its name says."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import cv2
import numpy as np
import pydicom

from tamperscope.errors import UnscorableImageError
from tamperscope.io.intensity import anchored_map, choose_anchors
from tamperscope.io.tissue import find_tissue
from tamperscope.mammogram import Mammogram, Source, Spacing


def read_mammogram(path: str | Path) -> Mammogram:
    """Read a mammogram.

    Raises:
        UnscorableImageError: the file is no mammogram that can be scored; the message says why in one sentence.
    """
    path = Path(path)
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    laterality = view = patient = None
    dataset = None
    if content[128:132] == b"DICM":
        dataset = pydicom.dcmread(io.BytesIO(content))
        stored = dataset.pixel_array
        laterality = dataset.get("Laterality") or dataset.get("ImageLaterality")
        view = dataset.get("ViewPosition") or next((v for v in ("MLO", "CC") if v in dataset.PatientID), None)
        words = str(dataset.PatientID).split("_")
        patient = "_".join(words[1:3]) if len(words) == 5 else str(dataset.PatientID)
        del dataset.PixelData
        kind = "dicom"
    elif content[:2] == b"\xff\xd8":
        stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE).astype(np.uint16) * 257
        kind = "jpeg"
    else:
        raise UnscorableImageError(f"{path.name} is neither DICOM nor JPEG.")
    display = stored.astype(np.float32)
    tissue = find_tissue(display)
    try:
        anchors = choose_anchors(display[::8, ::8], tissue[::8, ::8])
    except ValueError as error:
        raise UnscorableImageError(f"{path.name} can't be scored: {error}.") from error
    levels = np.arange(65536, dtype=np.float64)
    curve = anchored_map(levels, levels, anchors, kind="identity")
    long_side = max(stored.shape)
    pitch = next((p for p in (0.1, 0.094, 0.085, 0.07, 0.05) if long_side * p <= 310), 240 / long_side)
    return Mammogram(
        pixels=curve.to_reference(stored),
        tissue=tissue,
        spacing=Spacing(pitch if long_side >= 1600 else 240 / long_side, "frame"),
        laterality=laterality,
        view=view,
        patient=patient,
        source=Source(path, sha256, kind, stored, curve, dataset),  # type: ignore[arg-type]
    )
