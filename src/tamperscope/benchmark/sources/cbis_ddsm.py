"""CBIS-DDSM as the NBIA Data Retriever leaves it: ``Mass-Training_P_00001_LEFT_CC/.../*.dcm`` and the case tables.

Each full mammogram has a folder; each finding has one that ends in its number and holds its mask (of the image's
size) and a crop, in either order. Film, scanned and stored without loss.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pydicom

from tamperscope.benchmark.sources.collection import Collection, Lesion, SourceImage, number_patients
from tamperscope.benchmark.sources.tables import needed, read_table
from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region

LICENCE = "CC BY 3.0"
CITE = "Lee et al., Scientific Data 4 (2017), doi:10.1038/sdata.2017.177"
TABLES = (
    ("Mass-Training", "mass_case_description_train_set.csv"),
    ("Mass-Test", "mass_case_description_test_set.csv"),
    ("Calc-Training", "calc_case_description_train_set.csv"),
    ("Calc-Test", "calc_case_description_test_set.csv"),
)


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return any((folder / table).is_file() for _, table in TABLES)


def load(folder: Path) -> Collection:
    """All full mammograms that are there; those that the tables name and the folder lacks are left out."""
    findings: dict[str, list[dict[str, str]]] = {}
    for kind, table in TABLES:
        path = folder / table
        for row in read_table(path) if path.is_file() else []:
            patient, side = needed(row, "patient_id", path), needed(row, "left or right breast", path)
            name = f"{kind}_{patient}_{side}_{needed(row, 'image view', path)}"
            findings.setdefault(name, []).append(row)
    roots = {path.name: path for path in _folders(folder)}
    numbers = number_patients(rows[0]["patient_id"] for rows in findings.values())
    images = []
    for name, rows in sorted(findings.items()):
        files = sorted(roots[name].rglob("*.dcm")) if name in roots else []
        if not files:
            continue
        number = numbers[rows[0]["patient_id"]]
        lesions = [_lesion(roots.get(f"{name}_{row.get('abnormality id', '')}"), files[0], row) for row in rows]
        found = tuple(lesion for lesion in lesions if lesion is not None)
        images.append(SourceImage(name, files[0], (number, number), healthy=False, lesions=found))
    return Collection("cbis-ddsm", tuple(images), lossy=False, licence=LICENCE, cite=CITE)


def _folders(folder: Path) -> list[Path]:
    inner = folder / "CBIS-DDSM"
    return [path for path in (inner if inner.is_dir() else folder).iterdir() if path.is_dir()]


def _lesion(folder: Path | None, image: Path, row: dict[str, str]) -> Lesion | None:
    """The mask among the files of a finding: the one of the image's size."""
    if folder is None:
        return None
    size = _size(image)
    for file in sorted(folder.rglob("*.dcm")):
        if _size(file) != size:
            continue
        try:
            mask = pydicom.dcmread(file).pixel_array > 0
        except (AttributeError, ValueError, NotImplementedError) as error:
            raise TamperscopeError(f"the mask {file.name} in {folder.name} can't be read: {error}.") from error
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if contours:
            outline = max(contours, key=cv2.contourArea)[:, 0]
            is_mass = row.get("abnormality type", "").lower() == "mass"
            return Lesion(Region.polygon(outline), mass=is_mass) if len(outline) >= 3 else None
    return None


def _size(file: Path) -> tuple[int, int]:
    header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["Rows", "Columns"])
    return int(header.Rows), int(header.Columns)
