"""CDD-CESM as TCIA gives it: two folders of JPEG images, the manual annotations, and the segmentations.

Only the low-energy images are taken: they look like ordinary mammograms, the subtracted ones do not. Files are named
``P1_L_DM_CC.jpg``; the first word is the patient.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tamperscope.benchmark.sources.collection import Collection, Lesion, SourceImage, number_patients
from tamperscope.benchmark.sources.tables import needed, read_table
from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region

LICENCE = "CC BY 4.0"
CITE = "Khaled et al., Scientific Data 9 (2022), doi:10.1038/s41597-022-01238-0"
IMAGES = "Low energy images of CDD-CESM"
ANNOTATIONS, SEGMENTATIONS = "Radiology-manual-annotations", "Radiology_hand_drawn_segmentations_v2.csv"


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return _images(folder) is not None


def load(folder: Path) -> Collection:
    """All low-energy images."""
    place = _images(folder)
    if place is None:
        raise TamperscopeError(f"{folder} has no folder '{IMAGES}'.")
    outlines = _outlines(folder / SEGMENTATIONS)
    tags, birads = _annotations(folder)
    files = sorted(place.glob("*.jpg"))
    numbers = number_patients(file.stem.split("_")[0] for file in files)
    images = []
    for file in files:
        mass = "mass" in tags.get(file.stem, "").lower()
        lesions = tuple(Lesion(outline, mass) for outline in outlines.get(file.stem, []))
        level = birads.get(file.stem, "")[:1]
        number = numbers[file.stem.split("_")[0]]
        healthy = not lesions and not (level.isdigit() and int(level) >= 3)
        images.append(SourceImage(file.stem, file, (number, number), healthy, lesions))
    return Collection("cdd-cesm", tuple(images), lossy=True, licence=LICENCE, cite=CITE)


def _images(folder: Path) -> Path | None:
    return next((path for path in (folder / IMAGES, folder / "CDD-CESM" / IMAGES) if path.is_dir()), None)


def _annotations(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    for end in (".xlsx", ".csv"):
        path = folder / f"{ANNOTATIONS}{end}"
        if path.is_file():
            rows = {needed(row, "Image_name", path).removesuffix(".jpg"): row for row in read_table(path)}
            return {name: row.get("Tags", "") for name, row in rows.items()}, {
                name: row.get("BIRADS", "") for name, row in rows.items()
            }
    return {}, {}


def _outlines(path: Path) -> dict[str, list[Region]]:
    outlines: dict[str, list[Region]] = {}
    for row in read_table(path) if path.is_file() else []:
        try:
            outline = _outline(json.loads(row.get("region_shape_attributes") or "{}"))
        except (ValueError, KeyError) as error:
            raise TamperscopeError(f"{path.name}: a region of {row.get('#filename')} is damaged: {error}.") from error
        if outline is not None:
            outlines.setdefault(needed(row, "#filename", path).removesuffix(".jpg"), []).append(outline)
    return outlines


def _outline(shape: dict[str, Any]) -> Region | None:
    """A shape of the VGG Image Annotator."""
    kind = shape.get("name")
    if kind in ("polygon", "polyline") and len(shape["all_points_x"]) >= 3:
        return Region.polygon(list(zip(shape["all_points_x"], shape["all_points_y"], strict=True)))
    if kind == "circle":
        return Region.ellipse(shape["cx"], shape["cy"], max(shape["r"], 1), max(shape["r"], 1))
    if kind == "ellipse":
        return Region.ellipse(shape["cx"], shape["cy"], max(shape["rx"], 1), max(shape["ry"], 1))
    return None
