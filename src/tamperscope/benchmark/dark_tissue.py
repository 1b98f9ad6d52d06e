"""What tumours in dark tissue look like, with and without ``lift`` of ``Injector.inject``: rings, pieces, specks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import cv2
import numpy as np

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.realism import forgery_squares, patient_of
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.injector import Injector, generated_part
from tamperscope.judge.bootstrap import cluster_bootstrap

DARK = 430.0
"""Reference intensity of a square's frame, at most."""
PROPERTIES = (
    "masks in several pieces",
    "masks with holes",
    "brightest hundredth over the frame, reference intensity",
    "pixels 150 below the tumour's median, %",
    "pixels that the forgery made darker by 30 or more, %",
)
"""What ``describe`` gives, in this order."""
_REPEATS = 4
"""Squares that are tried in an image."""
_LEAST_PIECE = 0.02
"""Of the mask: smaller pieces and holes don't count."""
_SPECK = 150.0
_DARKER = 30.0


def dark_tissue_table(cases: Sequence[Case], injector: Injector, *, seed: int, count: int) -> str:
    """Tumours with the tissue's texture in dark squares of the training patients, without and with ``lift``, Markdown.

    Args:
        cases: images of the source, of which those of the split *train* are used.
        injector: Mammo-CGAN.
        seed: of conversion, places and tumours.
        count: squares wanted.

    Raises:
        TamperscopeError: there are none.
    """
    patients: list[str] = []
    found: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for case, forgeries in _forged(cases, injector, seed=seed):
        patients.append(patient_of(case))
        for lift, forgery in forgeries.items():
            found[lift].append(describe(forgery))
        if len(patients) == count:
            break
    if not patients:
        raise TamperscopeError("there is no dark square in these images.")
    rows = [
        f"{len(patients)} squares of {len(set(patients))} patients, frame under {DARK:.0f}; 95 % intervals by patient",
        "",
        "| | without | with `lift` |",
        "| --- | --- | --- |",
    ]
    for number, name in enumerate(PROPERTIES):
        cells = []
        for lift in (False, True):
            values = np.array([row[number] for row in found[lift]])
            mean = cluster_bootstrap(partial(_mean, values), patients)
            cells.append(f"{mean.estimate:.3g} [{mean.interval.low:.3g}, {mean.interval.high:.3g}]")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def describe(forgery: Forgery) -> np.ndarray:
    """``PROPERTIES`` of one forgery whose mask is not empty: float64, 5."""
    square = Square(**forgery.record["square"])
    mask, merged = forgery.mask[square.slices], forgery.mammogram.pixels[square.slices]
    original = forgery.stages["original"]
    least = _LEAST_PIECE * mask.sum()
    _, _, pieces, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    _, _, gaps, _ = cv2.connectedComponentsWithStats(
        np.pad(~mask, 1, constant_values=True).astype(np.uint8), connectivity=4
    )
    inside = merged[mask]
    return np.array(
        [
            (pieces[1:, cv2.CC_STAT_AREA] >= least).sum() > 1,
            (gaps[1:, cv2.CC_STAT_AREA] >= least).sum() > 1,
            np.percentile(inside, 99) - _frame_level(original),
            100 * (inside < np.median(inside) - _SPECK).mean(),
            100 * (cv2.GaussianBlur(merged - original, (0, 0), 2) < -_DARKER).mean(),
        ],
        np.float64,
    )


def _forged(cases: Sequence[Case], injector: Injector, *, seed: int) -> Iterator[tuple[Case, dict[bool, Forgery]]]:
    """Each dark square without and with ``lift``, where both show something."""
    learnt = [case for case in cases if case.split == "train"]
    for repeat in range(_REPEATS):
        for case, mammogram, square in forgery_squares(learnt, learnt, seed=seed + repeat, places="anywhere"):
            if _frame_level(mammogram.pixels[square.slices]) < DARK:
                forgeries = {
                    lift: injector.inject(mammogram, square, noise_model="tissue", lift=lift, seed=seed + repeat)
                    for lift in (False, True)
                }
                if all(forgery.mask.any() for forgery in forgeries.values()):
                    yield case, forgeries


def _mean(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[chosen].mean())


def _frame_level(pixels: np.ndarray) -> float:
    """Mean of a square without its middle."""
    frame = np.ones(pixels.shape, np.bool_)
    middle = generated_part(Square(0, 0, len(pixels)))
    frame[middle, middle] = False
    return float(pixels[frame].mean())
