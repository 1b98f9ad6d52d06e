"""The images of a study with their truth: a CSV or JSON-lines file, or a benchmark's folder or manifest.

Columns: ``path`` (relative to the list), ``truth`` (real or fake), ``healthy`` (healthy or unhealthy; may be left out
where the truth is fake); and if known ``source`` (the same for a forgery and its original: only one of them enters a
study), ``patient``, ``forger``, ``lesions`` (boxes ``x y width height``, separated by ``;``; in JSON a list of lists).
What a forgery's row doesn't say is taken from the record that ``tamperscope inject`` wrote beside it.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tamperscope.errors import TamperscopeError
from tamperscope.io.files import beside

COLUMNS = ("path", "truth", "healthy", "source", "patient", "forger", "lesions")


@dataclass(frozen=True)
class TrueImage:
    """An image and what is true about it.

    Attributes:
        path: The file.
        forged: Whether it was forged.
        healthy: Whether the breast is (BI-RADS 1); None where a forged image's list doesn't tell.
        source: The same for images made from the same one.
        patient: Or range of patients, as a cluster of the bootstrap.
        forger: Which forger; empty for a real image.
        lesions: Boxes (x, y, width, height) in pixels, forged or real.
    """

    path: Path
    forged: bool
    healthy: bool | None
    source: str
    patient: str
    forger: str
    lesions: tuple[tuple[float, float, float, float], ...]

    @property
    def group(self) -> str:
        """``forged``, ``healthy``, ``unhealthy``, or ``real`` where a benchmark doesn't tell of health."""
        if self.forged:
            return "forged"
        return {True: "healthy", False: "unhealthy", None: "real"}[self.healthy]

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready form."""
        return asdict(self) | {"path": str(self.path), "group": self.group}


def read_image_list(path: str | Path) -> list[TrueImage]:
    """Read a list of images.

    Raises:
        TamperscopeError: no such list, a column or a file is missing, or a value can't be understood.
    """
    path = Path(path)
    if path.is_dir() or (path.with_name("benchmark.json").is_file() and path.name == "manifest.jsonl"):
        return _benchmark(path if path.is_dir() else path.parent)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TamperscopeError(f"There is no list of images {path}.") from None
    except UnicodeDecodeError:
        raise TamperscopeError(f"{path} is no list of images: it is not UTF-8 text.") from None
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        rows = [_json_row(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    else:
        rows = [(number, dict(row)) for number, row in enumerate(csv.DictReader(text.splitlines()), 2)]
    if not rows:
        raise TamperscopeError(f"{path} lists no images.")
    images = [_image(path, number, row) for number, row in rows]
    _no_file_twice(path, images)
    return images


def _json_row(path: Path, number: int, line: str) -> tuple[int, dict[str, Any]]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise TamperscopeError(f"{path}, line {number}: not a JSON object.")
    return number, row


def _image(path: Path, number: int, row: dict[str, Any]) -> TrueImage:
    where = f"{path}, line {number}"
    if unknown := [str(name) for name in row if name not in COLUMNS]:
        raise TamperscopeError(f"{where}: unknown column {unknown[0]!r}; known are {', '.join(COLUMNS)}.")
    words = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    if not words["path"]:
        raise TamperscopeError(f"{where}: no path.")
    file = path.parent / words["path"]
    if not file.is_file():
        raise TamperscopeError(f"{where}: there is no file {file}.")
    if words["truth"] not in ("real", "fake"):
        raise TamperscopeError(f"{where}: truth is real or fake, not {words['truth']!r}.")
    forged = words["truth"] == "fake"
    if words["healthy"] not in (("healthy", "unhealthy", "") if forged else ("healthy", "unhealthy")):
        raise TamperscopeError(f"{where}: healthy is healthy or unhealthy, not {words['healthy']!r}.")
    record = _record(file)
    if record and not forged:
        raise TamperscopeError(f"{where}: {file} is called real, but the record beside it says that it is synthetic.")
    source = words["source"] or Path(record.get("source", {}).get("file", file.name)).stem
    return TrueImage(
        path=file,
        forged=forged,
        healthy={"healthy": True, "unhealthy": False}.get(words["healthy"]),
        source=source,
        patient=words["patient"] or source,
        forger=words["forger"] or (record.get("forger", "unknown") if forged else ""),
        lesions=_lesions(where, row.get("lesions")) or _square(record),
    )


def _record(file: Path) -> dict[str, Any]:
    """What tamperscope wrote beside a forgery; empty beside any other image."""
    try:
        record = json.loads(beside(file)[1].read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _square(record: dict[str, Any]) -> tuple[tuple[float, float, float, float], ...]:
    square = record.get("square")
    return ((square["x"], square["y"], square["side"], square["side"]),) if square else ()


def _lesions(where: str, said: Any) -> tuple[tuple[float, float, float, float], ...]:
    boxes = said if isinstance(said, list) else [box.split() for box in (said or "").split(";") if box.strip()]
    try:
        read = [tuple(float(value) for value in box) for box in boxes]
    except (TypeError, ValueError):
        read = [()]
    if any(len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) <= 0 for box in read):
        raise TamperscopeError(f"{where}: a lesion is a box 'x y width height' in pixels; got {said!r}.")
    return tuple((box[0], box[1], box[2], box[3]) for box in read)


def _benchmark(folder: Path) -> list[TrueImage]:
    from tamperscope.benchmark.manifest import read_manifest

    images = []
    for row in read_manifest(folder):
        reach = row.reach if row.label else None
        images.append(
            TrueImage(
                path=folder / row.image,
                forged=bool(row.label),
                healthy=None,
                source=row.source.image,
                patient=row.patient,
                forger=row.forger if row.label else "",
                lesions=((reach["x0"], reach["y0"], reach["x1"] - reach["x0"], reach["y1"] - reach["y0"]),)
                if reach
                else (),
            )
        )
    return images


def _no_file_twice(path: Path, images: list[TrueImage]) -> None:
    seen: set[Path] = set()
    for image in images:
        if image.path.resolve() in seen:
            raise TamperscopeError(f"{path}: the file {image.path} is listed twice.")
        seen.add(image.path.resolve())
