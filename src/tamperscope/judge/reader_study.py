"""A fully crossed reader study as arrays: every reader rated every case in every modality."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ReaderStudy:
    """Ratings of a fully crossed study.

    Attributes:
        modalities: Names, in the order in which they first came.
        readers: Names, likewise.
        cases: Names, likewise.
        truth: Shape (cases,), bool; True for the positive class (forged, diseased).
        ratings: Shape (modalities, readers, cases); higher is surer of the positive class.
    """

    modalities: tuple[Hashable, ...]
    readers: tuple[Hashable, ...]
    cases: tuple[Hashable, ...]
    truth: np.ndarray
    ratings: np.ndarray

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Hashable, Hashable, Hashable, int | bool, float]]) -> ReaderStudy:
        """Build from one row a reading.

        Args:
            rows: Each (reader, case, modality, truth, rating), in any order; truth 0 or 1.

        Returns:
            The study.

        Raises:
            ValueError: No rows, a reading twice or not at all, a case with two truths, only one class, a
                truth that is neither 0 nor 1, or a rating that is nan.

        >>> rows = [(r, c, "2D", c == "b", r + (c == "b")) for r in (1, 2) for c in ("a", "b")]
        >>> ReaderStudy.from_rows(rows).ratings.tolist()
        [[[1.0, 2.0], [2.0, 3.0]]]
        """
        found: dict[tuple[Hashable, Hashable, Hashable], float] = {}
        truths: dict[Hashable, bool] = {}
        for reader, case, modality, truth, rating in rows:
            if truth not in (0, 1):
                raise ValueError(f"case {case}: truth is 0 or 1; got {truth!r}")
            if math.isnan(rating):
                raise ValueError(f"reader {reader}, case {case}, modality {modality}: the rating is nan")
            if truths.setdefault(case, bool(truth)) != bool(truth):
                raise ValueError(f"case {case} has truth 0 in one row and 1 in another")
            if (modality, reader, case) in found:
                raise ValueError(f"reader {reader} rated case {case} in modality {modality} twice")
            found[modality, reader, case] = float(rating)
        if not found:
            raise ValueError("there are no readings")
        modalities = tuple(dict.fromkeys(key[0] for key in found))
        readers = tuple(dict.fromkeys(key[1] for key in found))
        cases = tuple(truths)
        missing = [
            (modality, reader, case)
            for modality in modalities
            for reader in readers
            for case in cases
            if (modality, reader, case) not in found
        ]
        if missing:
            modality, reader, case = missing[0]
            raise ValueError(
                f"{len(missing)} readings are missing, the first: reader {reader}, case {case}, "
                f"modality {modality}; every reader must rate every case in every modality"
            )
        if len(set(truths.values())) < 2:
            raise ValueError("cases with truth 0 and with truth 1 are both needed")
        ratings = np.array([[[found[m, r, c] for c in cases] for r in readers] for m in modalities])
        return cls(modalities, readers, cases, np.array([truths[case] for case in cases]), ratings)
