"""VinDr-Mammo as PhysioNet gives it: ``images/STUDY/IMAGE.dicom`` and two tables of annotations.

Patients are not told: a study stands for its patient. Digital, lossless.
"""

from __future__ import annotations

from pathlib import Path

from tamperscope.benchmark.sources.collection import Collection, Lesion, SourceImage, number_patients
from tamperscope.benchmark.sources.tables import needed, read_table
from tamperscope.forge.region import Region

LICENCE = "PhysioNet Restricted Health Data License 1.5.0"
CITE = "Nguyen et al., Scientific Data 10 (2023), doi:10.1038/s41597-023-02100-7"
IMAGES, FINDINGS = "breast-level_annotations.csv", "finding_annotations.csv"


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return (folder / IMAGES).is_file() and (folder / FINDINGS).is_file()


def load(folder: Path) -> Collection:
    """All images of the table whose files are there."""
    lesions: dict[str, list[Lesion]] = {}
    for row in read_table(folder / FINDINGS):
        if row.get("xmin"):
            x0, y0, x1, y1 = (round(float(row[key])) for key in ("xmin", "ymin", "xmax", "ymax"))
            box = Region.box(max(x0, 0), max(y0, 0), max(x1 - x0, 1), max(y1 - y0, 1))
            mass = "mass" in row.get("finding_categories", "").lower()
            lesions.setdefault(needed(row, "image_id", folder / FINDINGS), []).append(Lesion(box, mass))
    rows = read_table(folder / IMAGES)
    numbers = number_patients(needed(row, "study_id", folder / IMAGES) for row in rows)
    images = []
    for row in sorted(rows, key=lambda one: one["image_id"]):
        file = folder / "images" / row["study_id"] / f"{row['image_id']}.dicom"
        if file.is_file():
            number, name = numbers[row["study_id"]], row["image_id"]
            healthy = row.get("breast_birads", "").endswith(("1", "2"))
            images.append(SourceImage(name, file, (number, number), healthy, tuple(lesions.get(name, ()))))
    return Collection("vindr-mammo", tuple(images), lossy=False, licence=LICENCE, cite=CITE)
