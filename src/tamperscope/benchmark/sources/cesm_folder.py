"""The low-energy CESM images with ``images.csv`` and ``regions.csv`` (see ``benchmark/cesm.py``)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tamperscope.benchmark.cesm import load_cases
from tamperscope.benchmark.sources.collection import Collection, Lesion, SourceImage
from tamperscope.forge.region import Region

LICENCE = "CC BY 4.0"
CITE = "Khaled et al., Scientific Data 9 (2022), doi:10.1038/s41597-022-01238-0"


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return (folder / "images.csv").is_file() and (folder / "regions.csv").is_file()


def load(folder: Path) -> Collection:
    """The images with their hand-drawn outlines."""
    outlines = _outlines(folder / "regions.csv")
    images = tuple(
        SourceImage(
            case.name,
            case.path,
            case.patients,
            case.healthy,
            tuple(Lesion(outline, mass=bool(case.masses)) for outline in outlines.get(case.name, [])),
        )
        for case in load_cases(folder)
    )
    return Collection("cesm-low-energy", images, lossy=True, licence=LICENCE, cite=CITE)


def _outlines(table: Path) -> dict[str, list[Region]]:
    outlines: dict[str, list[Region]] = {}
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            outlines.setdefault(row["image"], []).append(_outline(row))
    return outlines


def _outline(row: dict[str, str]) -> Region:
    if row["shape"] == "polygon":
        columns, rows = json.loads(row["all_points_x"]), json.loads(row["all_points_y"])
        return Region.polygon(list(zip(columns, rows, strict=True)))
    x0, y0, x1, y1 = (float(row[key]) for key in ("x0", "y0", "x1", "y1"))
    return Region.ellipse((x0 + x1) / 2, (y0 + y1) / 2, max((x1 - x0) / 2, 1), max((y1 - y0) / 2, 1))
