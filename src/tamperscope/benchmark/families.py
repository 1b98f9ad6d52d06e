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


def usable(families: Sequence[str], *, only: Sequence[str] = ()) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The forgers of some families that this installation has.

    Args:
        families: names of ``FAMILIES``.
        only: the forgers wanted, where it is not all; a family that has none of them here gives all that it has.

    Returns:
        Family to its forgers, without families of which none is left; and a sentence for each that is missing.

    Raises:
        TamperscopeError: a family is unknown.
    """
    found: dict[str, tuple[str, ...]] = {}
    missing = []
    for family in families:
        if family not in FAMILIES:
            raise TamperscopeError(f"there is no family '{family}': {', '.join(FAMILIES)}.")
        here = tuple(name for name in FAMILIES[family] if FORGERS[name].is_ready())
        missing += [
            f"the forger '{name}' needs {FORGERS[name].card.needs_weights}: left out of '{family}'."
            for name in FAMILIES[family]
            if name not in here
        ]
        if here:
            found[family] = tuple(name for name in here if name in only) or here
    return found, missing


def family_of(forger: str) -> str:
    """The family of a forger."""
    return next((family for family, names in FAMILIES.items() if forger in names), FORGERS[forger].card.family)
