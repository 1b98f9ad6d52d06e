"""INbreast as its owners give it: ``AllDICOMs``, ``AllXML`` (outlines) and ``INbreast.csv``.

Files are named ``FILE_PATIENT_MG_R_CC_ANON.dcm``; the table's patient column is empty, so that the patient is the code
in the file's name. Digital, lossless.
"""

from __future__ import annotations

import plistlib
import re
from pathlib import Path

from tamperscope.benchmark.sources.collection import Collection, Lesion, SourceImage, number_patients
from tamperscope.benchmark.sources.tables import needed, read_table
from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region

LICENCE = "by agreement with the owners"
CITE = "Moreira et al., Academic Radiology 19 (2012), doi:10.1016/j.acra.2011.09.014"
_POINT = re.compile(r"[-+\d.eE]+")
_NAME = re.compile(r"^(\d+)_([0-9a-fA-F]+)_MG_[LR]_")


def recognises(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return (folder / "AllDICOMs").is_dir() and (folder / "INbreast.csv").is_file()


def load(folder: Path) -> Collection:
    """All images of ``AllDICOMs``."""
    table = folder / "INbreast.csv"
    birads = {needed(row, "File Name", table): row.get("Bi-Rads", "") for row in read_table(table)}
    files = {}
    for file in sorted((folder / "AllDICOMs").glob("*.dcm")):
        named = _NAME.match(file.name)
        if named:
            files[named[1]] = (file, named[2])
    numbers = number_patients(patient for _, patient in files.values())
    images = []
    for name, (file, patient) in sorted(files.items()):
        lesions = _outlines(folder / "AllXML" / f"{name}.xml")
        healthy = birads.get(name, "")[:1] in ("1", "2")
        images.append(SourceImage(name, file, (numbers[patient], numbers[patient]), healthy, lesions))
    return Collection("inbreast", tuple(images), lossy=False, licence=LICENCE, cite=CITE)


def _outlines(path: Path) -> tuple[Lesion, ...]:
    """Closed outlines; findings of one or two points (single calcifications) have no outline."""
    if not path.is_file():
        return ()
    try:
        with path.open("rb") as content:
            findings = [roi for image in plistlib.load(content)["Images"] for roi in image["ROIs"]]
    except (plistlib.InvalidFileException, KeyError, ValueError) as error:
        raise TamperscopeError(f"the outlines {path.name} can't be read: {error}.") from error
    lesions = []
    for roi in findings:
        points = [[float(value) for value in _POINT.findall(point)[:2]] for point in roi.get("Point_px", [])]
        if len(points) >= 3:
            name = str(roi.get("Name", "")).lower()
            lesions.append(Lesion(Region.polygon(points), mass="mass" in name or "spiculated" in name))
    return tuple(lesions)
