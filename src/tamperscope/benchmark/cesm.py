"""Source of mammograms: the low-energy CESM images with their hand-drawn regions.

Layout: ``images.csv``, ``regions.csv`` and the files that they name (columns: docs/benchmark/README.md). Derived from
CDD-CESM, Khaled et al., Scientific Data 9 (2022), doi:10.1038/s41597-022-01238-0, CC BY 4.0.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tamperscope.errors import TamperscopeError

SOURCE_STATEMENT = (
    "Low-energy images of CDD-CESM (CC views, 8-bit JPEG; Khaled et al., Scientific Data 9 (2022), "
    "doi:10.1038/s41597-022-01238-0, CC BY 4.0)."
)
DATA_STATEMENT = f"{SOURCE_STATEMENT[:-1]}, resampled off the JPEG grid, with added detector noise, 12 bit."


@dataclass(frozen=True)
class Box:
    """Bounding box of an annotated region, pixels, ends exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class Case:
    """One image of the source.

    Attributes:
        name: ``IM0001``...
        path: the JPEG file.
        split: the source's own split by patient.
        patients: first and last number that the patient can have; equal where the patient is known.
        healthy: no region is drawn on it and no finding of BI-RADS 3 or more is on record.
        masses: boxes of the regions of images tagged *mass*.
        regions: boxes of all regions.
    """

    name: str
    path: Path
    split: Literal["train", "val"]
    patients: tuple[int, int]
    healthy: bool
    masses: tuple[Box, ...]
    regions: tuple[Box, ...]


def load_cases(folder: str | Path) -> list[Case]:
    """All images of the source, in the order of their names.

    Raises:
        TamperscopeError: the folder does not have the layout.
    """
    folder = Path(folder)
    if not (folder / "images.csv").is_file() or not (folder / "regions.csv").is_file():
        raise TamperscopeError(f"{folder} is not the CESM folder: images.csv and regions.csv are not both there.")
    with (folder / "images.csv").open(newline="", encoding="utf-8") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["image"])
    boxes: dict[str, list[Box]] = {}
    with (folder / "regions.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            box = Box(*(round(float(row[key])) for key in ("x0", "y0", "x1", "y1")))
            boxes.setdefault(row["image"], []).append(box)
    cases = []
    for row in rows:
        regions = tuple(boxes.get(row["image"], ()))
        suspicious = row["birads"].isdigit() and int(row["birads"]) >= 3
        cases.append(
            Case(
                name=row["image"],
                path=folder / row["file"],
                split="val" if row["split"] == "val" else "train",
                patients=(int(row["pat_lo"]), int(row["pat_hi"])),
                healthy=not regions and not suspicious,
                masses=regions if "mass" in row["tags"] else (),
                regions=regions,
            )
        )
    return cases
