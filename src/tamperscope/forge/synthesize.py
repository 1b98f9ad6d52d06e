"""The injector as an augmentation tool: N annotated images out of a folder of healthy ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.batch import (
    Outcome,
    alone_in,
    find_result,
    inject_row,
    read_or_reason,
    read_record,
    save_result,
)
from tamperscope.forge.coco import Annotated
from tamperscope.forge.injector import CONTEXT, Injector, NoiseModel
from tamperscope.forge.plan import Row
from tamperscope.forge.random_region import DEFAULT_SIZES_MM
from tamperscope.io.files import MASK, RECORD, beside
from tamperscope.io.label import is_synthetic
from tamperscope.mammogram import Mammogram

_ATTEMPTS = 10
"""Draws for an image: in some places the picture stays below the threshold, in some images no square has room."""
_THRESHOLDS, _SMOOTHINGS, _POWERS = (380.0, 460.0), (10.0, 40.0), (3.0, 12.0)
"""Ranges that hold both presets of the report's authors."""


def synthesize(
    images: Sequence[Path],
    out: Path,
    injector: Injector,
    *,
    count: int,
    seed: int = 0,
    noise_model: NoiseModel = "tissue",
) -> Iterator[Outcome]:
    """Inject one lesion into each of ``count`` copies of the images, by turns; what is there already is kept.

    Args:
        images: healthy mammograms: what is seen in them beside the lesion goes without annotation.
        out: folder of the results.
        injector: Mammo-CGAN.
        count: of images to make.
        seed: of places, sizes, parameters and lesions.
        noise_model: of stage 7.

    Raises:
        TamperscopeError: there are no images, or another call writes into the folder.
    """
    if not images:
        raise TamperscopeError("there is no image to put a lesion into.")
    read = lru_cache(maxsize=2)(_read_untouched)
    with alone_in(out):
        # Image by image, so that each is read once.
        for start in range(len(images)):
            for number in range(start + 1, count + 1, len(images)):
                rows = [_draw(images, number, attempt, seed, noise_model) for attempt in range(_ATTEMPTS)]
                yield _make(number, rows, read, out, injector)


def annotated_results(out: Path) -> Iterator[Annotated]:
    """All that was ever made into a folder, by this call and by earlier ones, in the order of the numbers.

    Raises:
        TamperscopeError: an image's record or mask is missing or damaged.
    """
    for file in sorted((out / "images").glob("[0-9]" * 6 + "-*")):
        if file.name.endswith((MASK, RECORD)):
            continue
        record, mask = read_record(file), cv2.imread(str(beside(file)[0]), cv2.IMREAD_GRAYSCALE)
        if mask is None or not record.get("lesion"):
            raise TamperscopeError(
                f"the mask or the record of {file.name} is missing or damaged: remove all three, and call again."
            )
        yield Annotated(file.relative_to(out).as_posix(), mask.shape, record)


def _draw(images: Sequence[Path], number: int, attempt: int, seed: int, noise_model: NoiseModel) -> Row:
    """Image, size and parameters of one attempt; later ones move on to the next images."""
    rng = np.random.default_rng([seed, number, attempt])
    size = max(DEFAULT_SIZES_MM[int(rng.integers(len(DEFAULT_SIZES_MM)))]) * CONTEXT
    parameters = {
        "threshold": round(rng.uniform(*_THRESHOLDS), 1),
        "smoothing": round(rng.uniform(*_SMOOTHINGS), 1),
        "power": round(rng.uniform(*_POWERS), 2),
        "noise_model": noise_model,
    }
    image = images[(number - 1 + attempt // 3) % len(images)]
    return Row(number, image, None, round(size, 1), parameters, int(rng.integers(2**31)))


def _read_untouched(image: Path) -> Mammogram | Exception:
    """The image, or why it can't be taken: a forgery's own lesion would go without annotation."""
    mammogram = read_or_reason(image)
    if isinstance(mammogram, Mammogram) and is_synthetic(mammogram):
        return TamperscopeError("it is a forgery itself, which is no healthy image.")
    return mammogram


def _make(
    number: int, rows: Sequence[Row], read: Callable[[Path], Mammogram | Exception], out: Path, injector: Injector
) -> Outcome:
    reason = ""
    try:
        there = find_result(out, *rows, model=injector.model)
        if there is not None:
            return Outcome(number, str(rows[0].image), "there already", there)
    except TamperscopeError as error:
        return Outcome(number, str(rows[0].image), "failed", reason=str(error))
    for row in rows:
        mammogram = read(row.image)
        try:
            if isinstance(mammogram, Exception):
                raise mammogram
            forgery = inject_row(row, mammogram, injector)
            if forgery.record["lesion"] is None:
                raise TamperscopeError("no lesion would be seen here.")
            file = save_result(forgery, row, out)
            return Outcome(number, str(row.image), "done", file)
        except TamperscopeError as error:
            reason = f"{row.image.name}: {error}"
    return Outcome(number, str(rows[0].image), "failed", reason=reason)
