"""A forgery whose traces are covered by processing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tamperscope.forge.card import Card
from tamperscope.forge.forger import Forger, checked_region, plain
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.process import Scope, process, reach_of
from tamperscope.forge.processing import Step
from tamperscope.forge.region import Region
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True, kw_only=True)
class Hidden(Forger):
    """Forges, then processes. Mask and family are those of the forger within.

    Its control is ``Control`` with the same step, scope and context.

    Attributes:
        forger: makes the forgery.
        step: covers it.
        scope: the whole image, or the square around the region.
        context: side of that square over the larger side of the region's box.
    """

    card: ClassVar[Card] = Card(
        name="hidden",
        family="retouch",
        does="Forges with another forger, then processes the region or the whole image.",
        trace="The forger's trace, weakened, and that of the processing.",
    )
    forger: Forger
    step: Step
    scope: Scope = "image"
    context: float = 2.0

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """See ``Forger.repeat``."""
        region = checked_region(mammogram, region)
        forgery = self.forger.repeat(mammogram, region, seed=seed)
        # A stream of its own: the forgery beneath is the one that its forger makes alone from the same seed.
        rng = np.random.default_rng([seed, 1])
        processed, part = process(forgery.mammogram, self.step, region, scope=self.scope, context=self.context, rng=rng)
        before = forgery.record["reach"]
        after = reach_of(part)
        record = {
            **forgery.record,
            "hidden": {"step": plain(self.step), "scope": self.scope, "context": self.context},
            "reach": {
                **{key: min(before[key], after[key]) for key in ("x0", "y0")},
                **{key: max(before[key], after[key]) for key in ("x1", "y1")},
            },
        }
        return replace(forgery, mammogram=processed, record=record)
