"""Marks against the lesions that are there: which hit, and the figures of merit that count them (LROC,
JAFROC).

The hit rule. A mark is a point with a confidence; a lesion is the ellipse within a box. A mark may hit a
lesion if its point lies in the ellipse grown by ``margin`` pixels on every side. A mark hits at most one
lesion, the one whose centre is nearest in units of the grown ellipse; a lesion keeps the highest confidence
among the marks that hit it (further marks on it are neither hits nor false). A mark that hits nothing is
false.

Unmarked lesions and unmarked images rate -inf, below any mark; two of them tie and count one half, which
draws the straight line to (1, 1) in the corresponding plots.

Sources: Chakraborty & Berbaum, Med. Phys. 31 (2004) 2313-2330 (JAFROC); Chakraborty & Zhai, Med. Phys. 43
(2016) 2548-2557 (weighted AFROC); Swensson, Med. Phys. 23 (1996) 1709-1725 (LROC).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Mark(NamedTuple):
    """A reader's mark.

    Attributes:
        x: Column, pixels, from the left edge.
        y: Row, pixels, from the top edge.
        confidence: Any finite number, higher is surer.
    """

    x: float
    y: float
    confidence: float


class Lesion(NamedTuple):
    """The box around a lesion.

    Attributes:
        x: Column of the left edge, pixels.
        y: Row of the top edge, pixels.
        width: Pixels.
        height: Pixels.
    """

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class MarkedImage:
    """One image as read by one reader in one modality.

    Attributes:
        hits: The confidence on each lesion, -inf where it went unmarked; empty for an image without lesions.
        false: The confidence of each false mark; empty if there is none.
        weights: What each lesion counts, adding up to 1; empty means equal.
    """

    hits: tuple[float, ...]
    false: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.weights and len(self.weights) != len(self.hits):
            raise ValueError(f"{len(self.hits)} lesions but {len(self.weights)} weights")
        if self.weights and (min(self.weights) < 0 or not math.isclose(sum(self.weights), 1.0)):
            raise ValueError("the weights of an image's lesions must be positive and add up to 1")
        if any(math.isnan(value) for value in (*self.hits, *self.false)):
            raise ValueError("a confidence is nan; an unmarked lesion rates -inf")

    @property
    def diseased(self) -> bool:
        """Whether there is a lesion in it."""
        return bool(self.hits)

    @property
    def highest_false(self) -> float:
        """The highest confidence of a false mark, -inf if there is none."""
        return max(self.false, default=-math.inf)

    @property
    def rating(self) -> float:
        """The highest confidence of any mark: the rating of the image when places don't matter."""
        return max((*self.hits, *self.false), default=-math.inf)

    @property
    def rightly_placed(self) -> bool:
        """Whether the surest mark hit a lesion (LROC's question); a tie with a false mark doesn't count."""
        return bool(self.hits) and max(self.hits) > self.highest_false


def match_marks(marks: Sequence[Mark], lesions: Sequence[Lesion], *, margin: float = 0.0) -> MarkedImage:
    """Set marks against lesions by the hit rule at the head of this file.

    Args:
        marks: A reader's marks on one image.
        lesions: What is there; empty for a healthy, untouched image.
        margin: Pixels by which each lesion's ellipse grows on every side.

    Returns:
        Confidences of hits, in the lesions' order, and of false marks, in the marks' order.

    Raises:
        ValueError: A confidence that isn't finite, a lesion without size, or a negative margin.

    >>> lesion = Lesion(x=100, y=100, width=40, height=20)
    >>> match_marks([Mark(120, 110, 80.0), Mark(125, 111, 60.0), Mark(300, 300, 30.0)], [lesion])
    MarkedImage(hits=(80.0,), false=(30.0,), weights=())
    """
    if margin < 0:
        raise ValueError(f"a margin is 0 or more; got {margin}")
    if any(lesion.width <= 0 or lesion.height <= 0 for lesion in lesions):
        raise ValueError("a lesion has a width and a height above 0")
    hits, false = [-math.inf] * len(lesions), []
    for mark in marks:
        if not all(math.isfinite(value) for value in mark):
            raise ValueError(f"a mark's place and confidence must be finite; got {mark}")
        distances = [
            math.hypot(
                (mark.x - lesion.x - lesion.width / 2) / (lesion.width / 2 + margin),
                (mark.y - lesion.y - lesion.height / 2) / (lesion.height / 2 + margin),
            )
            for lesion in lesions
        ]
        nearest = min(range(len(lesions)), key=distances.__getitem__, default=-1)
        if nearest >= 0 and distances[nearest] <= 1.0:
            hits[nearest] = max(hits[nearest], float(mark.confidence))
        else:
            false.append(float(mark.confidence))
    return MarkedImage(tuple(hits), tuple(false))


def _wins(higher: npt.ArrayLike, lower: npt.ArrayLike) -> np.ndarray:
    """1 where the first is above the second, one half where equal: shape (len(higher), len(lower))."""
    one, two = np.asarray(higher, dtype=float)[:, None], np.asarray(lower, dtype=float)[None, :]
    return (one > two) + 0.5 * (one == two)


def _split(images: Sequence[MarkedImage]) -> tuple[list[MarkedImage], list[MarkedImage]]:
    diseased = [image for image in images if image.diseased]
    healthy = [image for image in images if not image.diseased]
    if not diseased or not healthy:
        raise ValueError("images with and without lesions are both needed")
    return diseased, healthy


def jafroc(images: Sequence[MarkedImage], *, weighted: bool = True) -> float:
    """JAFROC's figure of merit: the probability that a lesion rates above the highest false mark of a healthy
    image.

    The area under the AFROC curve (``weighted=False``: every lesion counts alike, so that an image with many
    lesions counts for more) or the weighted AFROC (every diseased image counts alike, its lesions by their
    weights).

    Args:
        images: Read by one reader in one modality; with and without lesions.
        weighted: Which of the two.

    Returns:
        The figure, 0..1. Note that false marks on diseased images don't enter, and that chance isn't 0.5.

    Raises:
        ValueError: Only one kind of image.

    >>> images = [MarkedImage((80.0, float("-inf")), (90.0,)), MarkedImage((), (50.0,)), MarkedImage(())]
    >>> jafroc(images)  # the marked lesion wins twice; the unmarked one loses once and ties once
    0.625
    """
    diseased, healthy = _split(images)
    false = [image.highest_false for image in healthy]
    per_image = [_wins(image.hits, false).mean(axis=1) for image in diseased]
    if not weighted:
        return float(np.concatenate(per_image).mean())
    return float(
        np.mean(
            [np.average(wins, weights=image.weights or None) for wins, image in zip(per_image, diseased, strict=True)]
        )
    )


def lroc_area(images: Sequence[MarkedImage]) -> float:
    """Area under the LROC curve: a diseased image rates above a healthy one, and its surest mark is in place.

    Args:
        images: Read by one reader in one modality; with and without lesions.

    Returns:
        The area, 0..1; at most the share of diseased images whose surest mark is in place.

    Raises:
        ValueError: Only one kind of image.

    >>> diseased = [MarkedImage((80.0,)), MarkedImage((70.0,), (90.0,))]
    >>> lroc_area([*diseased, MarkedImage((), (75.0,)), MarkedImage(())])
    0.5
    """
    diseased, healthy = _split(images)
    wins = _wins([image.rating for image in diseased], [image.rating for image in healthy])
    placed = np.array([image.rightly_placed for image in diseased], dtype=float)
    return float((wins * placed[:, None]).mean())


def highest_rating_auc(images: Sequence[MarkedImage]) -> float:
    """Area under the ROC curve of the images' highest ratings, places left out.

    Args:
        images: Read by one reader in one modality; with and without lesions.

    Raises:
        ValueError: Only one kind of image.
    """
    diseased, healthy = _split(images)
    return float(_wins([image.rating for image in diseased], [image.rating for image in healthy]).mean())


def lesion_sensitivity(images: Sequence[MarkedImage], threshold: float = -math.inf) -> tuple[float, float]:
    """Share of lesions marked above a threshold, and false marks an image: one point of the FROC curve.

    Args:
        images: Read by one reader in one modality.
        threshold: Marks count if their confidence is above it.

    Returns:
        The share, 0..1 (nan without lesions), and the mean number of false marks an image (nan without
        images).

    >>> lesion_sensitivity([MarkedImage((80.0, float("-inf")), (90.0,)), MarkedImage((), (50.0,))])
    (0.5, 1.0)
    """
    hits = [value > threshold for image in images for value in image.hits]
    false = sum(value > threshold for image in images for value in image.false)
    return (
        sum(hits) / len(hits) if hits else math.nan,
        false / len(images) if images else math.nan,
    )
