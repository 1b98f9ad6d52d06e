"""Splits by patient, also where some patients are known only as a range of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from typing import Generic, Protocol, TypeVar

from tamperscope.errors import TamperscopeError


class HasPatients(Protocol):
    """An image with a name of its own, and the first and last number that its patient can have."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def patients(self) -> tuple[int, int]:
        """Equal where the patient is known."""


Image = TypeVar("Image", bound=HasPatients)
_MOST_EDGES = 120
"""Places that are tried as cuts; with more patients, every so many."""


@dataclass(frozen=True)
class Fold(Generic[Image]):
    """One fold of a cross-validation.

    Attributes:
        train: images none of whose possible patients is among the test patients.
        test: images all of whose possible patients are among the test patients.
        left_out: images that may belong to either side; used on neither.
    """

    train: tuple[Image, ...]
    test: tuple[Image, ...]
    left_out: tuple[Image, ...]


def fold_by_patients(cases: Sequence[Image], first: int, last: int) -> Fold[Image]:
    """The fold whose test patients are the numbers ``first`` to ``last``, both included."""
    test = tuple(c for c in cases if first <= c.patients[0] and c.patients[1] <= last)
    train = tuple(c for c in cases if c.patients[1] < first or c.patients[0] > last)
    chosen = {c.name for c in (*test, *train)}
    return Fold(train, test, tuple(c for c in cases if c.name not in chosen))


def patient_folds(cases: Sequence[Image], count: int) -> list[Fold[Image]]:
    """Cut the line of patient numbers into ``count`` folds.

    The cuts are chosen so that the smallest fold tests as many images as it can, then so that as many as can be
    are tested in all: an image whose range crosses a cut can be tested nowhere. No image is tested twice, and no
    patient is on both sides of a fold.

    Args:
        cases: images with the range of numbers that their patient can have.
        count: number of folds, at least 2.
    """
    edges = sorted({c.patients[0] for c in cases} | {c.patients[1] + 1 for c in cases})
    inner = edges[1:-1]
    tested = {(a, b): sum(a <= c.patients[0] and c.patients[1] < b for c in cases) for a, b in combinations(edges, 2)}

    def merit(cuts: tuple[int, ...]) -> tuple[int, int]:
        sizes = [tested[span] for span in pairwise((edges[0], *cuts, edges[-1]))]
        return min(sizes), sum(sizes)

    # One cut at a time, then each moved until none gets better: all combinations would be too many.
    cuts: tuple[int, ...] = tuple(inner[len(inner) * i // count] for i in range(1, count))
    while True:
        moves = [tuple(sorted({*cuts[:i], *cuts[i + 1 :], cut})) for i in range(len(cuts)) for cut in inner]
        best = max((m for m in moves if len(m) == count - 1), key=merit)
        if merit(best) <= merit(cuts):
            return [fold_by_patients(cases, a, b - 1) for a, b in pairwise((edges[0], *cuts, edges[-1]))]
        cuts = best


def check_apart(learn: Sequence[HasPatients], tested: Sequence[tuple[int, int]]) -> None:
    """That none of the patients who are tested can be one of those that are learnt from.

    Args:
        learn: images that are learnt from.
        tested: first and last patient number of each image that is tested.

    Raises:
        TamperscopeError: one can.
    """
    for first, last in tested:
        for image in learn:
            if first <= image.patients[1] and image.patients[0] <= last:
                raise TamperscopeError(
                    f"an image of patient {first} to {last} would be tested by what learns from {image.name}, which "
                    "may be the same patient's: the benchmark is of another source or of other folds."
                )


def hold_out(cases: Sequence[Image], *, least: int) -> Fold[Image]:
    """Hold out a range of patients with at least ``least`` images, losing as few images as can be.

    Args:
        cases: images of one side of a split.
        least: images wanted in ``test``.

    Raises:
        TamperscopeError: no range of patients has so many and leaves others to learn from.
    """
    firsts = sorted({c.patients[0] for c in cases})
    lasts = sorted({c.patients[1] for c in cases})
    folds = [fold_by_patients(cases, a, b) for a in firsts for b in lasts if a <= b]
    enough = [fold for fold in folds if len(fold.test) >= least and fold.train]
    if not enough:
        raise TamperscopeError(
            f"{least} images can't be held out of {len(cases)}, by patient, with any left to learn from."
        )
    return max(enough, key=lambda fold: (len(fold.train), len(fold.test)))


def leave_out(fold: Fold[Image], *, least: int) -> Fold[Image]:
    """The fold with at least so many images left out: what is missing of them is taken from those that are learnt from.

    A range of patients is. Of the images that are left out some may be of patients that are learnt from, as they may be
    of patients that are tested: those whose own range reaches across a cut.

    Args:
        fold: whose test images stay as they are.
        least: images wanted in ``left_out``.

    Raises:
        TamperscopeError: there are too few.
    """
    missing = least - len(fold.left_out)
    if missing <= 0:
        return fold
    held = hold_out(fold.train, least=missing)
    return Fold(held.train, fold.test, (*fold.left_out, *held.test, *held.left_out))


def split_by_patients(cases: Sequence[Image], shares: Sequence[float]) -> list[tuple[int, int]]:
    """Cut the line of patient numbers into parts whose numbers of images stand as the shares do.

    Of all cuts those are taken that make the part furthest below its share as large as can be; an image whose range
    crosses a cut belongs to no part.

    Args:
        cases: images with the range of numbers that their patient can have.
        shares: of the images wanted in each part, in any unit.

    Returns:
        First and last patient number of each part, in the order of the shares.

    Raises:
        ValueError: there are fewer patients than parts.
    """
    edges = sorted({c.patients[0] for c in cases} | {c.patients[1] + 1 for c in cases})
    if len(edges) - 1 < len(shares):
        raise ValueError(f"{len(shares)} parts need at least as many patients, and there are {len(edges) - 1}")
    step = -(-len(edges) // _MOST_EDGES) if len(edges) > 2 * len(shares) else 1
    edges = [*edges[:-1:step], edges[-1]]
    inside = {(a, b): sum(a <= c.patients[0] and c.patients[1] < b for c in cases) for a, b in combinations(edges, 2)}
    total = sum(shares)

    def merit(cuts: tuple[int, ...]) -> tuple[float, int]:
        sizes = [inside[span] for span in pairwise((edges[0], *cuts, edges[-1]))]
        return min(size / share for size, share in zip(sizes, shares, strict=True)), sum(sizes)

    inner = edges[1:-1]
    places = [round(len(inner) * part / total) for part in accumulate(shares[:-1])]
    # Cuts must differ, and leave room for those that follow.
    for number, place in enumerate(places):
        lowest = places[number - 1] + 1 if number else 0
        places[number] = min(max(place, lowest), len(inner) - len(places) + number)
    cuts = tuple(inner[place] for place in places)
    while cuts:
        moves = [tuple(sorted({*cuts[:i], *cuts[i + 1 :], cut})) for i in range(len(cuts)) for cut in inner]
        best = max((m for m in moves if len(m) == len(cuts)), key=merit)
        if merit(best) <= merit(cuts):
            break
        cuts = best
    return [(a, b - 1) for a, b in pairwise((edges[0], *cuts, edges[-1]))]
