"""The manifest of a benchmark: one row an image, as JSON lines, with all that is needed to make it again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from tamperscope.errors import TamperscopeError
from tamperscope.io.files import write_atomically

SCHEMA = 1
MANIFEST, HEADER = "manifest.jsonl", "benchmark.json"


class SourceFile(BaseModel):
    """The file that an image was made from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collection: str
    image: str
    file: str
    sha256: str


class Row(BaseModel):
    """One image.

    Paths are relative to the benchmark's folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    id: str
    base: str
    """The same for images that differ in their condition alone."""
    set: str
    role: Literal["train", "validation", "test"]
    part: str
    """Of the split by patient; ``crosses`` where the image's patient may belong to two parts."""
    rank: int
    source: SourceFile
    patients: tuple[int, int]
    """First and last number that the patient can have; equal where the patient is known."""
    label: Literal[0, 1]
    family: str
    forger: str
    """``none`` for untouched images."""
    condition: str
    region: dict[str, Any] | None
    """Forged, or drawn in the same way and left alone."""
    reach: dict[str, int] | None
    parameters: dict[str, Any]
    drawn: dict[str, Any]
    seed: int
    donor: SourceFile | None
    image: str
    mask: str
    record: str
    height: int
    width: int
    pitch_mm: float
    forged_pixels: int
    pixels_sha256: str
    """Of the stored values, row by row, little endian: the same whatever library wrote the PNG."""
    file_sha256: str
    package: str
    features: dict[str, Any]
    """For the shortcut audits (``benchmark/features.py``)."""

    @property
    def patient(self) -> str:
        """Patient, or range of patients, as a cluster of the bootstrap."""
        return f"{self.source.collection}:{self.patients[0]}-{self.patients[1]}"


def write_manifest(folder: Path, rows: Iterable[Row]) -> Path:
    """Write the manifest, whole or not at all."""
    text = "".join(row.model_dump_json() + "\n" for row in rows)
    return write_text(folder / MANIFEST, text)


def read_manifest(folder: str | Path) -> list[Row]:
    """The rows of a benchmark.

    Raises:
        TamperscopeError: there is no manifest, or a line of it is not of this schema.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise TamperscopeError(f"{folder} is no finished benchmark: it has no {MANIFEST}.")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(Row.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise TamperscopeError(f"{path}, line {number}: {where}: {first['msg']}") from error
    return rows


def read_mask(folder: Path, row: Row) -> np.ndarray:
    """Which pixels of an image are forged: bool, H x W.

    Raises:
        TamperscopeError: the file of the mask is missing or damaged.
    """
    mask = cv2.imread(str(folder / row.mask), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise TamperscopeError(f"{row.mask} is missing or damaged.")
    return np.asarray(mask) > 0


def read_header(folder: str | Path) -> dict[str, Any]:
    """What ``benchmark.json`` tells of the benchmark as a whole; empty where there is none."""
    path = Path(folder) / HEADER
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TamperscopeError(f"{path} is damaged: {error}") from error


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
    return path
