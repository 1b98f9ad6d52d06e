"""Run a detector over a benchmark: a score, the statistics of its heat map and a small picture of it, image by image.

What pixel figures need of a heat map is kept as two histograms, of its values inside and outside the forged mask: any
threshold can then be judged, and two thousand heat maps take a few megabytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.contender import Contender
from tamperscope.benchmark.manifest import MANIFEST, Row, read_header, read_manifest, read_mask, write_text
from tamperscope.errors import TamperscopeError, UnscorableImageError
from tamperscope.io.files import file_sha256, write_atomically
from tamperscope.io.read import read_mammogram

HEADER, SCORES, HEAT = "run.json", "scores.jsonl", "heat"
LEVELS = 1024
"""Steps of the heat map that the histograms tell apart."""
_PICTURE_SIDE = 256


@dataclass(frozen=True, eq=False)
class Scored:
    """What a run knows of one image.

    Attributes:
        id: of the benchmark's row.
        score: None where the detector did not score it.
        reason: why not.
        seconds: that the detector took.
        peak_inside: whether the heat map's highest value lies in the forged mask; None without mask or heat map.
        inside: int64, (1024,), pixels of the mask by their heat; None without a heat map.
        outside: the same of the tissue outside the mask.
    """

    id: str
    score: float | None
    reason: str
    seconds: float
    peak_inside: bool | None
    inside: np.ndarray | None
    outside: np.ndarray | None


def run(
    benchmark: Path,
    contender: Contender,
    out: Path,
    *,
    sets: Sequence[str] = (),
    parts: Sequence[str] = (),
    progress: bool = True,
) -> list[Scored]:
    """Score all images of a benchmark that are not scored yet.

    Args:
        benchmark: its folder.
        contender: the detector.
        out: folder of the run.
        sets: names of sets; all without.
        parts: names of parts; all without.
        progress: show it.

    Raises:
        TamperscopeError: the folder holds another run, or an image of the benchmark can't be read.
    """
    rows = [
        row for row in read_manifest(benchmark) if (not sets or row.set in sets) and (not parts or row.part in parts)
    ]
    header = {
        "schema": "tamperscope-run",
        "schema_version": 1,
        "detector": contender.name,
        "detector_version": contender.version,
        "threshold": contender.threshold,
        "benchmark": str(read_header(benchmark).get("protocol", {}).get("name", "")),
        "benchmark_sha256": file_sha256(benchmark / MANIFEST),
        "benchmark_folder": str(benchmark.resolve()),
    }
    there = _read_header(out)
    # The benchmark may have moved; what it holds may not have changed. Older runs did not keep the threshold.
    fixed = header.keys() - {"benchmark_folder", "threshold"}
    if there and any(there.get(key) != header[key] for key in fixed):
        raise TamperscopeError(f"{out} holds another run: choose an empty folder.")
    write_text(out / HEADER, json.dumps(header, indent=2) + "\n")
    (out / HEAT).mkdir(exist_ok=True)
    done = {scored.id for scored in read_scores(out)}
    # Rows of several sets may share an image: it is read and scored once.
    shared: dict[str, list[Row]] = {}
    for row in rows:
        if row.id not in done:
            shared.setdefault(row.image, []).append(row)
    with (out / SCORES).open("a", encoding="utf-8") as lines:
        for same in tqdm(shared.values(), desc=contender.name, mininterval=1, unit="image", disable=not progress):
            for line in _score(benchmark, contender, same, out):
                lines.write(json.dumps(line) + "\n")
            lines.flush()
    return read_scores(out)


def read_run(folder: str | Path) -> dict[str, Any]:
    """The header of a run.

    Raises:
        TamperscopeError: there is none.
    """
    if not (Path(folder) / HEADER).is_file():
        raise TamperscopeError(f"{folder} is no run: it has no {HEADER}.")
    return _read_header(Path(folder))


def benchmark_of(header: dict[str, Any], *, moved_to: Path | None = None) -> Path:
    """The folder of the benchmark that a run was made on.

    Args:
        header: of the run.
        moved_to: where the benchmark is now, if it has moved.

    Raises:
        TamperscopeError: it is not there, or holds another benchmark.
    """
    folder = moved_to or Path(header["benchmark_folder"])
    if not (folder / MANIFEST).is_file():
        raise TamperscopeError(f"the benchmark is no longer at {folder}: tell its folder with --bench.")
    if file_sha256(folder / MANIFEST) != header["benchmark_sha256"]:
        raise TamperscopeError(f"{folder} holds another benchmark than that of the runs.")
    return folder


def read_scores(folder: str | Path) -> list[Scored]:
    """What a run has scored; a last line that was cut off by a kill is left out."""
    path = Path(folder) / SCORES
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8")
    if lines and not lines.endswith("\n"):
        lines = lines[: lines.rfind("\n") + 1]
        write_text(path, lines)
    return [_scored(json.loads(line)) for line in lines.splitlines()]


def heat_picture(folder: str | Path, image_id: str) -> np.ndarray | None:
    """The small picture of a heat map, uint8, or None where the detector gave none."""
    path = Path(folder) / HEAT / f"{image_id}.png"
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None


def _score(benchmark: Path, contender: Contender, rows: Sequence[Row], out: Path) -> list[dict[str, Any]]:
    first = rows[0]
    try:
        mammogram = read_mammogram(benchmark / first.image)
    except UnscorableImageError as error:
        raise TamperscopeError(f"{first.image}: {error}") from error
    forged = read_mask(benchmark, first)
    if forged.shape != mammogram.shape:
        raise TamperscopeError(f"{first.mask} is missing or damaged.")
    start = perf_counter()
    line: dict[str, Any] = {"score": None, "reason": "", "peak_inside": None, "inside": None, "outside": None}
    try:
        heat, line["score"] = contender.judge(mammogram)
    except UnscorableImageError as error:
        heat, line["reason"] = None, str(error)
    except TamperscopeError:
        raise
    except Exception as error:
        raise TamperscopeError(
            f"{contender.name} failed on {first.image}: {type(error).__name__}: {error}; what was scored is kept."
        ) from error
    line["seconds"] = round(perf_counter() - start, 3)
    if heat is not None:
        if forged.any():
            line["peak_inside"] = bool(forged.ravel()[int(heat.argmax())])
        line["inside"] = _sparse(heat[forged])
        line["outside"] = _sparse(heat[mammogram.tissue & ~forged])
        for row in rows:
            _write_picture(heat, out / HEAT / f"{row.id}.png")
    return [{"id": row.id, **line} for row in rows]


def _sparse(values: np.ndarray) -> list[list[int]]:
    """Levels and counts of those levels that occur."""
    levels = np.minimum((values * LEVELS).astype(np.int64), LEVELS - 1)
    counts = np.bincount(levels, minlength=LEVELS)
    there = np.flatnonzero(counts)
    return [there.tolist(), counts[there].tolist()]


def _dense(pairs: list[list[int]] | None) -> np.ndarray | None:
    if pairs is None:
        return None
    counts = np.zeros(LEVELS, np.int64)
    counts[pairs[0]] = pairs[1]
    return counts


def _scored(line: dict[str, Any]) -> Scored:
    return Scored(
        line["id"],
        line["score"],
        line["reason"],
        line["seconds"],
        line["peak_inside"],
        _dense(line["inside"]),
        _dense(line["outside"]),
    )


def _write_picture(heat: np.ndarray, path: Path) -> None:
    scale = _PICTURE_SIDE / max(heat.shape)
    size = (max(1, round(heat.shape[1] * scale)), max(1, round(heat.shape[0] * scale)))
    small = cv2.resize(heat, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".png", np.rint(255 * small).astype(np.uint8))
    write_atomically(path, encoded.tobytes())


def _read_header(out: Path) -> dict[str, Any]:
    path = out / HEADER
    if not path.is_file():
        if out.exists() and any(out.iterdir()):
            raise TamperscopeError(f"{out} holds something that is no run: choose an empty folder.")
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TamperscopeError(f"{path} is damaged: {error}") from error
