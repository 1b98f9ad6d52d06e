"""mini-MIAS as its owners give it: ``mdb001.pgm`` to ``mdb322.pgm`` and ``Info.txt``.

Two numbers in a row, an odd and an even one, are the two breasts of a patient. Film at 0.2 mm, 8 bit, without loss.
The table counts rows from the bottom of the 1024 x 1024 image.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from tamperscope.benchmark.sources.collection import Collection, Lesion, SourceImage, number_patients
from tamperscope.errors import UnscorableImageError
from tamperscope.forge.region import Region
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram, Spacing

LICENCE = "research use, see the owners' licence"
CITE = "Suckling et al., Excerpta Medica 1069 (1994), mini-MIAS database"
PITCH_MM = 0.2
SIDE = 1024
_LINE = re.compile(r"^(mdb(\d{3}))\s+([FGD])\s+([A-Z]+)(?:\s+([BM]))?(?:\s+(\d+)\s+(\d+)\s+(\d+))?")


@dataclass(frozen=True, eq=False)
class PgmImage(SourceImage):
    """An image in the portable grey map format, which is no format of mammograms elsewhere."""

    def read(self) -> Mammogram:
        """See ``SourceImage.read``."""
        pixels = cv2.imread(str(self.path), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.ndim != 2:
            raise UnscorableImageError("The file is no grey PGM picture.")
        with tempfile.TemporaryDirectory() as folder:
            png = Path(folder) / f"{self.path.stem}.png"
            cv2.imwrite(str(png), pixels)
            mammogram = read_mammogram(png)
        assert mammogram.source is not None
        return replace(
            mammogram,
            spacing=Spacing(PITCH_MM, "given"),
            source=replace(mammogram.source, path=self.path, notes=("A PGM file of mini-MIAS.",)),
        )


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return (folder / "Info.txt").is_file() and any(folder.glob("mdb*.pgm"))


def load(folder: Path) -> Collection:
    """All images that the table names and the folder has."""
    findings: dict[str, list[Lesion]] = {}
    for line in (folder / "Info.txt").read_text(encoding="latin-1").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        lesions = findings.setdefault(found[1], [])
        if found[6] is not None:
            x, y, radius = int(found[6]), SIDE - int(found[7]), max(int(found[8]), 2)
            lesions.append(Lesion(Region.ellipse(x, y, radius, radius), mass=found[4] in ("CIRC", "SPIC", "MISC")))
        elif found[4] != "NORM":
            # Widely spread calcifications have no place in the table, and the breast is not healthy.
            lesions.append(Lesion(Region.box(0, 0, 1, 1)))
    numbers = number_patients(_patient(name) for name in findings)
    images = []
    for name, lesions in sorted(findings.items()):
        path = folder / f"{name}.pgm"
        if path.is_file():
            number = numbers[_patient(name)]
            placed = tuple(lesion for lesion in lesions if lesion.outline.width > 1)
            images.append(PgmImage(name, path, (number, number), healthy=not lesions, lesions=placed))
    return Collection("mini-mias", tuple(images), lossy=False, licence=LICENCE, cite=CITE)


def _patient(name: str) -> str:
    return f"{(int(name[3:]) + 1) // 2:03}"
