"""What a source of mammograms is to the benchmark: images, whose they are, and what is annotated on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tamperscope.errors import TamperscopeError
from tamperscope.forge.region import Region
from tamperscope.io.read import read_mammogram
from tamperscope.mammogram import Mammogram, Spacing


@dataclass(frozen=True, eq=False)
class Lesion:
    """An annotated finding.

    Attributes:
        outline: in pixels of the file.
        mass: whether it is a mass: what injections take as donors.
    """

    outline: Region
    mass: bool = False


@dataclass(frozen=True, eq=False)
class SourceImage:
    """One image of a source.

    Attributes:
        name: of its own in the source; letters, digits, ``_`` and ``-``.
        path: the file.
        patients: first and last number that its patient can have; equal where the patient is known.
        healthy: nothing suspicious is on record.
        lesions: what is annotated.
        pitch_mm: side of a pixel, where the owner states it outside the file.
    """

    name: str
    path: Path
    patients: tuple[int, int]
    healthy: bool
    lesions: tuple[Lesion, ...] = ()
    pitch_mm: float | None = None

    def read(self) -> Mammogram:
        """The image.

        Raises:
            UnscorableImageError: it can't be read.
        """
        mammogram = read_mammogram(self.path)
        if self.pitch_mm is None:
            return mammogram
        return replace(mammogram, spacing=Spacing(self.pitch_mm, "given"))


@dataclass(frozen=True)
class Collection:
    """A source of mammograms.

    Attributes:
        name: in manifests.
        images: in the order of their names.
        lossy: whether the files went through lossy compression.
        licence: under which the owner gives them.
        cite: what to cite.
        by_name: the images by their names.
    """

    name: str
    images: tuple[SourceImage, ...]
    lossy: bool
    licence: str
    cite: str
    by_name: Mapping[str, SourceImage] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.images:
            raise TamperscopeError(f"the source {self.name} holds no image.")
        by_name = {image.name: image for image in self.images}
        if len(by_name) != len(self.images):
            raise TamperscopeError(f"the source {self.name} names two images alike.")
        object.__setattr__(self, "by_name", by_name)


def number_patients(identifiers: Iterable[str]) -> dict[str, int]:
    """A number for each patient, from 0.

    The order is that of the identifiers' hashes: owners number patients by hospital, class or year, and a split that
    cuts the line of numbers must not cut along those.
    """
    distinct = sorted(set(identifiers), key=lambda one: hashlib.sha256(one.encode()).hexdigest())
    return {identifier: number for number, identifier in enumerate(distinct)}
