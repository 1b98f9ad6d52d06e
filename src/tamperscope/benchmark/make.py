"""Make one image of the benchmark: choose the place, set the forger up, forge, hide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamperscope.benchmark.injected import PRESETS
from tamperscope.benchmark.plan import Version
from tamperscope.benchmark.prepare import Prepared
from tamperscope.benchmark.protocol import Condition
from tamperscope.benchmark.sources.collection import Lesion
from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import Weighted
from tamperscope.forge.card import Card
from tamperscope.forge.control import Control
from tamperscope.forge.forger import Forger
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.hidden import Hidden
from tamperscope.forge.injector import CONTEXT
from tamperscope.forge.mammo_cgan import MammoCgan
from tamperscope.forge.random_region import DEFAULT_SIZES_MM, random_region
from tamperscope.forge.region import Region
from tamperscope.forge.registry import FORGERS
from tamperscope.mammogram import Mammogram

SMALLEST_MM, LARGEST_MM = 3.0, 30.0
"""Longer side of the regions that are forged: outlines of whole quadrants are no lesions to remove."""
LEAST_FORGED_MM2 = 0.3
"""A forgery of a few pixels (one speck in healthy tissue) is no attack, and no detector can be asked to see it."""
_ATTEMPTS = 8
_LEAST_TISSUE = 0.97
_EDGE_MM = 3.0


@dataclass(frozen=True, eq=False)
class Made:
    """A forgery, or an untouched image with the region that was drawn and left alone."""

    forgery: Forgery | None
    region: Region
    forger: str
    donor: str | None
    attempt: int


def lesion_sizes(prepared: Sequence[Prepared]) -> list[tuple[float, float]]:
    """Width and height in mm of the annotated lesions; the usual sizes of masses where hardly any are annotated."""
    sizes = []
    for image in prepared:
        pitch = float(image.record["spacing"]["mm"])
        sizes += [(lesion.outline.width * pitch, lesion.outline.height * pitch) for lesion in image.lesions]
    fitting = [size for size in sizes if SMALLEST_MM <= max(size) <= LARGEST_MM]
    return fitting if len(fitting) >= 8 else list(DEFAULT_SIZES_MM)


def make_base(
    version: Version,
    mammogram: Mammogram,
    prepared: Prepared,
    sizes: Sequence[tuple[float, float]],
    donor_of: Callable[[str], tuple[Prepared, Mammogram]],
) -> Made:
    """The forgery before anything is done to hide it.

    Where a method can't work at the place that was drawn, another place is drawn, then another method of the family
    is taken.

    Args:
        version: what is wanted.
        mammogram: the untouched image.
        prepared: its outlines.
        sizes: of regions, mm.
        donor_of: name of a source image to its outlines and pixels.

    Raises:
        TamperscopeError: no method of the family could work at any place.
    """
    problem = TamperscopeError("no forger was named.")
    for forger in version.forgers or ("none",):
        for attempt in range(max(_ATTEMPTS, len(version.donors))):
            rng = np.random.default_rng([version.seed, attempt])
            try:
                if forger == "none":
                    return Made(None, _region(version, mammogram, prepared, sizes, rng), "none", None, attempt)
                return _forge(version, forger, mammogram, prepared, sizes, donor_of, rng, attempt)
            except TamperscopeError as error:
                problem = error
    raise problem


def in_condition(made: Made, mammogram: Mammogram, condition: Condition | None, seed: int) -> Forgery:
    """The image as it is after its condition; a control where nothing was forged."""
    if made.forgery is None:
        if condition is None:
            raise ValueError("an untouched image in its plain condition is the prepared one")
        return Control(step=condition.make(), scope=condition.scope).repeat(mammogram, made.region, seed=seed)
    if condition is None:
        return made.forgery
    forger = _AlreadyMade(forgery=made.forgery)
    return Hidden(forger=forger, step=condition.make(), scope=condition.scope).repeat(
        mammogram, made.region, seed=made.forgery.record["seed"]
    )


@dataclass(frozen=True, kw_only=True)
class _AlreadyMade(Forger):
    """Gives one forgery again, so that a ladder of conditions forges once."""

    card = Card(name="already-made", family="retouch", does="Gives a forgery again.", trace="That forgery's.")
    forgery: Forgery

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """The forgery, whatever is asked for."""
        return self.forgery


def _region(
    version: Version,
    mammogram: Mammogram,
    prepared: Prepared,
    sizes: Sequence[tuple[float, float]],
    rng: np.random.Generator,
) -> Region:
    if version.lesion:
        pitch = mammogram.spacing.mm
        outlines = [
            lesion.outline
            for lesion in prepared.lesions
            if SMALLEST_MM <= max(lesion.outline.width, lesion.outline.height) * pitch <= LARGEST_MM
            and mammogram.tissue[lesion.outline.slices][lesion.outline.mask].any()
        ]
        if outlines:
            return outlines[int(rng.integers(len(outlines)))]
    return random_region(mammogram, rng, sizes, avoid=[lesion.outline for lesion in prepared.lesions])


def _forge(
    version: Version,
    forger: str,
    mammogram: Mammogram,
    prepared: Prepared,
    sizes: Sequence[tuple[float, float]],
    donor_of: Callable[[str], tuple[Prepared, Mammogram]],
    rng: np.random.Generator,
    attempt: int,
) -> Made:
    kind = FORGERS[forger]
    settings: dict[str, Any] = {}
    donor_name: str | None = None
    if kind.card.needs_donor:
        donor_name = version.donors[attempt % len(version.donors)]
        donor_prepared, settings["donor"] = donor_of(donor_name)
        if kind.card.family == "injection":
            mass = _whole_mass(donor_prepared, settings["donor"], rng)
            pitch = settings["donor"].spacing.mm
            sizes = [(mass.width * pitch, mass.height * pitch)]
            settings["source"] = _with_surroundings(mass, settings["donor"])
    if issubclass(kind, MammoCgan):
        settings |= _injection(kind, rng)
    region = _region(version, mammogram, prepared, sizes, rng)
    where = _with_surroundings(region, mammogram) if "source" in settings else region
    forgery = kind(**settings).forge(mammogram, where, rng=rng)
    if forgery.mask.sum() * mammogram.spacing.mm**2 < LEAST_FORGED_MM2:
        raise TamperscopeError(f"{forger} changes hardly anything here.")
    return Made(forgery, region, forger, donor_name, attempt)


def _injection(kind: type[MammoCgan], rng: np.random.Generator) -> dict[str, Any]:
    """One of the two presets of the report's authors; noise other than white has its own level."""
    preset = dict(PRESETS[int(rng.integers(len(PRESETS)))])
    noise = preset.pop("noise")
    settings: dict[str, Any] = {"blend": Weighted(**preset)}
    return settings | {"noise": noise} if kind.noise_model == "white" else settings


def _whole_mass(prepared: Prepared, donor: Mammogram, rng: np.random.Generator) -> Region:
    """A mass of the donor with tissue all around it, away from the image's edges.

    Raises:
        TamperscopeError: there is none.
    """
    masses: list[Lesion] = [lesion for lesion in prepared.lesions if lesion.mass]
    edge = round(_EDGE_MM / donor.spacing.mm)
    for number in rng.permutation(len(masses)):
        mass = masses[number].outline
        longer = max(mass.width, mass.height)
        if not SMALLEST_MM <= longer * donor.spacing.mm <= LARGEST_MM:
            continue
        reach = edge + int(longer * (CONTEXT - 1) / 2) + (longer - min(mass.width, mass.height)) // 2
        top, left = mass.y - reach, mass.x - reach
        bottom, right = mass.y + mass.height + reach, mass.x + mass.width + reach
        if min(top, left) < 0 or bottom > donor.shape[0] or right > donor.shape[1]:
            continue
        if donor.tissue[top:bottom, left:right].mean() >= _LEAST_TISSUE:
            return mass
    raise TamperscopeError("the donor has no mass with tissue all around it.")


def _with_surroundings(region: Region, mammogram: Mammogram) -> Region:
    return Region.of_square(region.bounding_square(*mammogram.shape, context=CONTEXT))
