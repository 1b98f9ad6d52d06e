"""Families of forgers: methods that leave the same kind of trace, left out together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tamperscope.errors import TamperscopeError
from tamperscope.forge.registry import FORGERS

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "synthetic-mass": ("mammo-cgan", "mammo-cgan-matched", "mammo-cgan-tissue"),
    "paper-mass": ("mammo-cgan-paper",),
    "real-mass": ("real-mass", "real-mass-poisson"),
    # With grain on top they differ in the low frequencies alone.
    "smooth-fill": ("telea", "navier-stokes", "biharmonic", "partial-convolution", "partial-convolution-512"),
    "plain-fill": ("telea-plain", "navier-stokes-plain", "biharmonic-plain"),
    "texture-fill": ("patch-match",),
    "calcifications": ("calcifications",),
    "autoencoder": ("autoencoder",),
    "copy-move": ("copy-move", "copy-move-poisson"),
    "splice": ("splice", "splice-poisson"),
    "retouch": ("retouch-blur", "retouch-denoise", "retouch-contrast", "retouch-sharpen"),
}

SHIPPED = tuple(
    family for family, names in FAMILIES.items() if not any(FORGERS[name].card.needs_weights for name in names)
)
"""Families that every installation can make: what a protocol takes that names none."""


def forgers_of(families: Sequence[str], *, only: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """The forgers of some families.

    Args:
        families: names of ``FAMILIES``.
        only: the forgers wanted, where it is not all; a family that has none of them here gives all that it has.

    Raises:
        TamperscopeError: a family is unknown, or this installation lacks what one needs: what a protocol makes may not
            depend on where it is made.
    """
    found: dict[str, tuple[str, ...]] = {}
    for family in families:
        if family not in FAMILIES:
            raise TamperscopeError(f"there is no family '{family}': {', '.join(FAMILIES)}.")
        for name in FAMILIES[family]:
            if not FORGERS[name].is_ready():
                raise TamperscopeError(f"the family '{family}' needs {FORGERS[name].card.needs_weights}.")
        found[family] = tuple(name for name in FAMILIES[family] if name in only) or FAMILIES[family]
    return found


def family_of(forger: str) -> str:
    """The family of a forger."""
    return next((family for family, names in FAMILIES.items() if forger in names), FORGERS[forger].card.family)
