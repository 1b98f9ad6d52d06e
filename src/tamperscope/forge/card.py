"""The card of a forger: what it does and what trace it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["injection", "removal", "copy", "splice", "retouch", "control"]
FAMILIES: tuple[Family, ...] = ("injection", "removal", "copy", "splice", "retouch", "control")


@dataclass(frozen=True)
class Card:
    """What a newcomer wants to know of a forger before using it.

    Attributes:
        name: in the registry and in records.
        family: what kind of forgery; ``control`` is none.
        does: one sentence.
        trace: what a detector may find, one sentence.
        source: paper or standard that the method is from.
        needs_donor: whether it takes pixels from another mammogram.
        needs_weights: where weights come from that don't ship with the package, or nothing.
    """

    name: str
    family: Family
    does: str
    trace: str
    source: str = ""
    needs_donor: bool = False
    needs_weights: str = ""
