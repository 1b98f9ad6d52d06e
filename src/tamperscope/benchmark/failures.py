"""What a detector got wrong: missed forgeries and false alarms of a run, with their heat maps, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tamperscope.benchmark.evaluate import tested
from tamperscope.benchmark.heat_pictures import SIDE, outline_of, small_picture, with_heat, with_outline
from tamperscope.benchmark.manifest import Row, read_manifest
from tamperscope.benchmark.plan import PLAIN
from tamperscope.benchmark.run import benchmark_of, heat_picture, read_run, read_scores
from tamperscope.errors import TamperscopeError

_GAP = 6
_CAPTION = 20
_COLUMNS = 2
_CONTEXT = 2.0
_BLANK = 24


@dataclass(frozen=True)
class Failure:
    """One image that was judged wrongly.

    Attributes:
        row: of the manifest.
        score: of the detector.
    """

    row: Row
    score: float

    @property
    def title(self) -> str:
        """What it is, and what the detector made of it."""
        what = f"{self.row.forger}, missed" if self.row.label else "untouched, called fake"
        return f"{what} ({self.score:.3f})"


def find_failures(run: Path, *, benchmark: Path | None = None, each: int = 2) -> list[Failure]:
    """The worst failures among plain test images: false alarms first, then missed forgeries by family.

    Args:
        run: its folder.
        benchmark: of the run, where it has moved since.
        each: how many of untouched images and of each forger at most.

    Raises:
        TamperscopeError: there is no run or benchmark, or the detector has no threshold of its own.
    """
    header = read_run(run)
    threshold = header.get("threshold")
    if "threshold" not in header:
        raise TamperscopeError(f"{run} is older than its detector's threshold: call 'bench run' on it again.")
    if threshold is None:
        raise TamperscopeError(f"{header['detector']} has no threshold of its own, so nothing tells its failures.")
    scores = {one.id: one.score for one in read_scores(run)}
    found: dict[str, list[Failure]] = {}
    for row in tested(read_manifest(benchmark_of(header, moved_to=benchmark))):
        score = scores.get(row.id)
        if score is None or row.condition != PLAIN:
            continue
        if (score > threshold) != bool(row.label):
            found.setdefault(f"{row.label} {row.family} {row.forger}", []).append(Failure(row, score))
    return [
        failure
        for _, group in sorted(found.items())
        for failure in sorted(group, key=lambda one: one.score * (1 if one.row.label else -1))[:each]
    ]


def draw_failures(failures: Sequence[Failure], run: Path, path: Path, *, benchmark: Path | None = None) -> Path:
    """One picture of them all: each as image, heat map and the forged part at a closer look.

    Args:
        failures: of the run.
        run: its folder.
        path: of the PNG.
        benchmark: of the run, where it has moved since.

    Raises:
        TamperscopeError: there are none, or an image is missing.
    """
    if not failures:
        raise TamperscopeError("there is no failure to draw.")
    folder = benchmark_of(read_run(run), moved_to=benchmark)
    strips = [_strip(failure, folder, run) for failure in failures]
    width = max(strip.shape[1] for strip in strips) + _BLANK
    strips = [np.pad(one, ((0, 0), (0, width - one.shape[1]), (0, 0)), constant_values=255) for one in strips]
    strips += [np.full_like(strips[0], 255)] * (-len(strips) % _COLUMNS)
    rows = [np.hstack(strips[i : i + _COLUMNS]) for i in range(0, len(strips), _COLUMNS)]
    header = np.full((_CAPTION, rows[0].shape[1], 3), 255, np.uint8)
    _write(header, "SYNTHETIC: all but the untouched images were forged for research")
    done, encoded = cv2.imencode(".png", np.vstack([header, *rows]))
    if not done:
        raise TamperscopeError("The picture of the failures can't be encoded as PNG.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded.tobytes())
    return path


def _strip(failure: Failure, folder: Path, run: Path) -> np.ndarray:
    row = failure.row
    picture = cv2.imread(str(folder / row.image), cv2.IMREAD_UNCHANGED)
    mask = cv2.imread(str(folder / row.mask), cv2.IMREAD_GRAYSCALE)
    if picture is None or mask is None:
        raise TamperscopeError(f"{row.image} or its mask is missing or damaged.")
    small, outline = small_picture(picture), outline_of(mask)
    heat = heat_picture(run, row.id)
    tiles = [
        with_outline(small, outline),
        np.zeros_like(small) if heat is None else with_heat(small, heat, outline),
        _closer(picture, mask if mask.any() else _hottest(heat, picture.shape)),
    ]
    strip = np.hstack(
        [
            np.pad(tile, ((_CAPTION, SIDE + _GAP - tile.shape[0]), (0, _GAP), (0, 0)), constant_values=255)
            for tile in tiles
        ]
    )
    _write(strip, failure.title)
    return strip


def _write(picture: np.ndarray, text: str) -> None:
    cv2.putText(picture, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)


def _hottest(heat: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Where a false alarm lies, as a mask of the image."""
    if heat is None:
        return np.zeros(shape, np.uint8)
    hot = (heat >= heat.max()).astype(np.uint8)
    return cv2.dilate(cv2.resize(hot, shape[::-1], interpolation=cv2.INTER_NEAREST), np.ones((65, 65), np.uint8))


def _closer(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A square around the marked part, as many pixels as its surroundings need."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return np.full((SIDE, SIDE, 3), 255, np.uint8)
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    side = int(min(_CONTEXT * extent, *picture.shape))
    y, x = (
        int(np.clip((ends[0] + ends[-1]) // 2 - side // 2, 0, length - side))
        for ends, length in ((rows, picture.shape[0]), (columns, picture.shape[1]))
    )
    return small_picture(picture[y : y + side, x : x + side])
