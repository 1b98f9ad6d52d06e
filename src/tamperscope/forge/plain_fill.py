"""The classical removals as their papers have them: on the raw pixels, with no grain put on top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tamperscope.forge.biharmonic import Biharmonic
from tamperscope.forge.card import Card
from tamperscope.forge.navier_stokes import NavierStokes
from tamperscope.forge.telea import Telea


def _plain(card: Card) -> Card:
    return replace(
        card,
        name=f"{card.name}-plain",
        does=card.does.rstrip(".") + ", no grain put on top.",
        trace="A patch without noise or structure.",
    )


@dataclass(frozen=True, kw_only=True)
class PlainTelea(Telea):
    """``Telea`` without grain."""

    card: ClassVar[Card] = _plain(Telea.card)
    grain: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PlainNavierStokes(NavierStokes):
    """``NavierStokes`` without grain."""

    card: ClassVar[Card] = _plain(NavierStokes.card)
    grain: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PlainBiharmonic(Biharmonic):
    """``Biharmonic`` without grain."""

    card: ClassVar[Card] = _plain(Biharmonic.card)
    grain: float = 0.0
