"""CMMD as the NBIA Data Retriever leaves it: ``D1-0001/STUDY/SERIES/1-1.dcm`` and the clinical table.

The table tells a side's abnormality and no outline. Digital, 8 bit, without loss.
"""

from __future__ import annotations

from pathlib import Path

import pydicom

from tamperscope.benchmark.sources.collection import Collection, SourceImage, number_patients
from tamperscope.benchmark.sources.tables import needed, read_table
from tamperscope.errors import TamperscopeError

LICENCE = "CC BY 4.0"
CITE = "Cui et al., The Cancer Imaging Archive (2021), doi:10.7937/tcia.eqde-4b16"
STEM = "CMMD_clinicaldata_revision"


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return _table(folder) is not None


def load(folder: Path) -> Collection:
    """All images of the patients whose folders are there."""
    table = _table(folder)
    if table is None:
        raise TamperscopeError(f"{folder} has no {STEM}.xlsx.")
    sides: dict[str, set[str]] = {}
    for row in read_table(table):
        sides.setdefault(needed(row, "ID1", table), set()).add(row.get("LeftRight", "")[:1].upper())
    inner = folder / "CMMD"
    root = inner if inner.is_dir() else folder
    numbers = number_patients(sides)
    images = []
    for patient in sorted(sides):
        for file in sorted((root / patient).rglob("*.dcm")) if (root / patient).is_dir() else []:
            header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["ImageLaterality"])
            side = str(header.get("ImageLaterality", ""))[:1].upper()
            name = "_".join([patient, *file.relative_to(root / patient).with_suffix("").parts[1:]])
            name = "".join(c if c.isalnum() or c in "_-" else "-" for c in name)
            number = numbers[patient]
            images.append(SourceImage(name, file, (number, number), healthy=side not in sides[patient]))
    return Collection("cmmd", tuple(images), lossy=False, licence=LICENCE, cite=CITE)


def _table(folder: Path) -> Path | None:
    return next((folder / f"{STEM}{end}" for end in (".xlsx", ".csv") if (folder / f"{STEM}{end}").is_file()), None)
