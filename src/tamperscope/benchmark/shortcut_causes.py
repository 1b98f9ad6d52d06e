"""Why an audit is not at chance: which family carries it, and whether forging moves its number in one direction.

Each forged image is compared with the untouched image that it was made from. If the sign of every such difference is
drawn anew, what forging does in one direction is gone, and what is left of the AUC is a matter of the untouched images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from tamperscope.benchmark.evaluate import on_one_side
from tamperscope.benchmark.manifest import Row
from tamperscope.benchmark.plan import PLAIN
from tamperscope.benchmark.shortcuts import AUDITS, CLASSIFIERS, cross_validated
from tamperscope.errors import TamperscopeError
from tamperscope.judge.bootstrap import bootstrap_auc
from tamperscope.judge.roc import auc

Area = tuple[float, float, float]
"""AUC with the ends of its 95 % interval by patient."""


@dataclass(frozen=True)
class Causes:
    """What is behind one audit of the plain images.

    Attributes:
        overall: with all families.
        without: family to the AUC of all others.
        alone: family to its AUC against the untouched images.
        signs: lowest, mean and highest AUC with the signs of all differences drawn anew.
    """

    overall: Area
    without: dict[str, Area]
    alone: dict[str, Area]
    signs: tuple[float, float, float]


@threadpool_limits.wrap(limits=1)
def find_causes(
    rows: Sequence[Row], name: str, classifier: str, *, redraws: int = 20, draws: int = 300, seed: int = 0
) -> Causes:
    """Take one audit apart.

    Args:
        rows: of the manifest.
        name: of the audit, of ``AUDITS``.
        classifier: of ``CLASSIFIERS``.
        redraws: of all signs.
        draws: of the bootstrap.
        seed: of both.

    Raises:
        TamperscopeError: there are no plain images of both kinds.
    """
    plain = [row for row in on_one_side(rows) if row.condition == PLAIN]
    own = {row.source.image: np.array(AUDITS[name](row.features)) for row in plain if not row.label}
    # Without its untouched image a forged one can't be compared.
    plain = [row for row in plain if row.source.image in own]
    families = sorted({row.family for row in plain if row.label})
    if not own or not families:
        raise TamperscopeError("the benchmark has no plain images of both kinds.")
    labels = np.array([row.label for row in plain])
    patients = np.array([row.patient for row in plain], object)
    kinds = np.array([row.family for row in plain], object)
    values = np.array([AUDITS[name](row.features) for row in plain], np.float64)
    make = CLASSIFIERS[classifier]

    def area(chosen: np.ndarray) -> Area:
        scores = cross_validated(values[chosen], labels[chosen], patients[chosen], make)
        result = bootstrap_auc(labels[chosen], scores, patients[chosen], draws=draws, seed=seed)
        return result.estimate, result.interval[0], result.interval[1]

    start = np.array([own[row.source.image] for row in plain])
    rng = np.random.default_rng(seed)
    redrawn = [
        auc(labels, cross_validated(start + signs * (values - start), labels, patients, make))
        for signs in rng.choice([-1.0, 1.0], (redraws, len(plain), 1))
    ]
    return Causes(
        area(np.full(len(plain), True)),
        {family: area(kinds != family) for family in families} if len(families) > 1 else {},
        {family: area((labels == 0) | (kinds == family)) for family in families},
        (min(redrawn), float(np.mean(redrawn)), max(redrawn)),
    )
