"""From a protocol and its sources to a list of images to make: who is forged how, with which seed and which donors.

Nothing is read or drawn here but names: the same protocol and sources give the same plan on any machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tamperscope.benchmark.families import forgers_of
from tamperscope.benchmark.protocol import Condition, ForgedSet, MassSet, Protocol, UntouchedSet
from tamperscope.benchmark.sources.collection import Collection, SourceImage
from tamperscope.benchmark.splits import patient_folds, split_by_patients
from tamperscope.errors import TamperscopeError
from tamperscope.forge.registry import FORGERS

PLAIN = "plain"
"""The condition of images that nothing happened to afterwards."""
CROSSES = "crosses"
"""The part of images whose patient may belong to two parts."""
_DONORS = 8
"""Donors that are tried, in this order, until the method finds what it needs in one."""
_SEED_BOUND = 2**53


@dataclass(frozen=True)
class Version:
    """One image of the benchmark that is to be made.

    Attributes:
        id: of its own in the benchmark, and the stem of its file.
        base: the same for versions that differ in their condition alone: same region, same seed.
        collection: index of the source.
        image: name of the source image.
        set: that it belongs to.
        rank: its place in the set; the first k of a set are the same for every larger k.
        family: of the forgery, or ``untouched``.
        forgers: names, to be tried in this order; empty for untouched images.
        donors: source images of other patients of the same part, to be tried in this order.
        condition: what happens afterwards.
        lesion: take an annotated outline if the image has one.
        seed: of region and forgery.
    """

    id: str
    base: str
    collection: int
    image: str
    set: str
    role: str
    part: str
    rank: int
    family: str
    forgers: tuple[str, ...]
    donors: tuple[str, ...]
    condition: str
    lesion: bool
    seed: int


@dataclass(frozen=True)
class Plan:
    """What is to be made.

    Attributes:
        versions: in the order of their ids.
        conditions: by name.
        parts: of each source: name of the part to its first and last patient number.
        notes: what had to be left out, a sentence each.
    """

    versions: tuple[Version, ...]
    conditions: dict[str, Condition]
    parts: tuple[dict[str, tuple[int, int]], ...]
    notes: tuple[str, ...]


def make_plan(protocol: Protocol, collections: Sequence[Collection]) -> Plan:
    """The list of images to make.

    Raises:
        TamperscopeError: the protocol wants another number of sources, more parts than there are patients, or a set
            would be empty.
    """
    if len(collections) != protocol.sources:
        raise TamperscopeError(
            f"the protocol '{protocol.name}' takes {protocol.sources} source{'s' * (protocol.sources > 1)}, not "
            f"{len(collections)}."
        )
    if len({collection.name for collection in collections}) != len(collections):
        raise TamperscopeError("the sources of a protocol must differ.")
    parts = tuple(_parts(protocol, collection) for collection in collections)
    versions: list[Version] = []
    notes: list[str] = []
    conditions: dict[str, Condition] = {}
    for one in protocol.sets:
        collection, ranges = collections[one.source], parts[one.source]
        images = [image for image in _chosen(one.images, collection.images) if _in_part(image, one.part, ranges)]
        if not images:
            raise TamperscopeError(f"the set '{one.name}' has no image: {collection.name} has none for it.")
        for condition in one.conditions:
            if conditions.setdefault(condition.name, condition) != condition:
                raise TamperscopeError(f"the condition '{condition.name}' is told in two ways.")
        if isinstance(one, UntouchedSet):
            bases = [
                _base(protocol, one, image, ranges, "untouched", (), (), rank) for rank, image in enumerate(images)
            ]
        elif isinstance(one, MassSet):
            wanted = [image for image in images if any(lesion.mass for lesion in image.lesions)]
            bases = [_base(protocol, one, image, ranges, "mass", (), (), rank) for rank, image in enumerate(wanted)]
        else:
            bases, missing = _forged(protocol, one, images, collection, ranges)
            notes += missing
        for base in bases:
            names = ((PLAIN,) if one.plain else ()) + tuple(condition.name for condition in one.conditions)
            versions += [_in_condition(base, name) for name in names]
    # An untouched image that two sets share is one file, but a row in each.
    return Plan(tuple(sorted(versions, key=lambda v: v.id)), conditions, parts, tuple(dict.fromkeys(notes)))


def part_of(patients: tuple[int, int], ranges: dict[str, tuple[int, int]]) -> str | None:
    """The part that all possible patients of an image belong to; None where it may be in two."""
    for part, (first, last) in ranges.items():
        if first <= patients[0] and patients[1] <= last:
            return part
    return None


def _parts(protocol: Protocol, collection: Collection) -> dict[str, tuple[int, int]]:
    split = protocol.split
    try:
        if split.folds is not None:
            if split.folds > len({image.patients for image in collection.images}):
                raise ValueError(f"{split.folds} folds need at least as many patients")
            ranges = _fold_ranges(collection, split.folds)
        else:
            assert split.shares is not None
            ranges = split_by_patients(collection.images, list(split.shares.values()))
    except ValueError as error:
        raise TamperscopeError(f"{collection.name} can't be split: {error}.") from error
    return dict(zip(split.parts, ranges, strict=True))


def _fold_ranges(collection: Collection, count: int) -> list[tuple[int, int]]:
    if len(collection.images) > 400:
        return split_by_patients(collection.images, [1] * count)
    folds = patient_folds(collection.images, count)
    return [(min(i.patients[0] for i in fold.test), max(i.patients[1] for i in fold.test)) for fold in folds]


def _chosen(which: str, images: Sequence[SourceImage]) -> list[SourceImage]:
    return [image for image in images if which == "all" or image.healthy == (which == "healthy")]


def _in_part(image: SourceImage, part: str | None, ranges: dict[str, tuple[int, int]]) -> bool:
    return part is None or part_of(image.patients, ranges) == part


def _forged(
    protocol: Protocol,
    one: ForgedSet,
    images: Sequence[SourceImage],
    collection: Collection,
    ranges: dict[str, tuple[int, int]],
) -> tuple[list[Version], list[str]]:
    """Versions of a forged set, without their conditions, and what had to be left out."""
    families = forgers_of(one.families, only=one.forgers)
    groups = [tuple(families)] if one.together else [(family,) for family in families]
    bases: list[Version] = []
    alone = dict.fromkeys(families, 0)
    for group in groups:
        wanted = one.count if one.count is not None else round(one.per_image * len(images))
        rng = _rng(protocol.seed, one.name, *group)
        order: list[SourceImage] = []
        while len(order) < wanted:
            # Every image once before any is forged again.
            order += [images[i] for i in rng.permutation(len(images))]
        pools = {family: _shuffled(families[family], rng) for family in group}
        for number, image in enumerate(order[:wanted]):
            family = group[number % len(group)]
            # Turn by turn, so that each forger of a family is used as often as the next.
            turn = number // len(group) % len(pools[family])
            forgers = pools[family][turn:] + pools[family][:turn]
            donors = _donors(image, forgers, collection, {} if _undivided(protocol, one) else ranges, rng)
            if donors is None:
                alone[family] += 1
                continue
            bases.append(_base(protocol, one, image, ranges, family, forgers, donors, number))
    notes = [
        f"{one.name}: {count} versions of '{family}' have no donor among the other patients of their part."
        for family, count in alone.items()
        if count
    ]
    return bases, notes


def _donors(
    image: SourceImage,
    forgers: Sequence[str],
    collection: Collection,
    ranges: dict[str, tuple[int, int]],
    rng: np.random.Generator,
) -> tuple[str, ...] | None:
    """Images of other patients of the same part, masses where the method wants a mass; None where there are none."""
    if not any(FORGERS[name].card.needs_donor for name in forgers):
        return ()
    part = part_of(image.patients, ranges)
    cards = [FORGERS[name].card for name in forgers]
    wants_mass = any(card.needs_donor and card.family == "injection" for card in cards)
    # An image that may belong to two parts gives to none and takes from none but those like it.
    candidates = [
        other
        for other in collection.images
        if part_of(other.patients, ranges) == part
        and (other.patients[1] < image.patients[0] or image.patients[1] < other.patients[0])
        and (not wants_mass or any(lesion.mass for lesion in other.lesions))
    ]
    if not candidates:
        return None
    return tuple(candidates[i].name for i in rng.permutation(len(candidates))[:_DONORS])


def _base(
    protocol: Protocol,
    one: UntouchedSet | MassSet | ForgedSet,
    image: SourceImage,
    ranges: dict[str, tuple[int, int]],
    family: str,
    forgers: tuple[str, ...],
    donors: tuple[str, ...],
    rank: int,
) -> Version:
    base = f"{image.name}.{one.name}.{family}.{rank}"
    seed = int(_rng(protocol.seed, base).integers(_SEED_BOUND))
    lesion = isinstance(one, MassSet) or (isinstance(one, ForgedSet) and one.regions == "lesions")
    part = "all" if _undivided(protocol, one) else part_of(image.patients, ranges) or CROSSES
    return Version(
        base, base, one.source, image.name, one.name, one.role, part, rank, family, forgers, donors, PLAIN, lesion, seed
    )


def _undivided(protocol: Protocol, one: UntouchedSet | MassSet | ForgedSet) -> bool:
    """Whether a set takes a whole source to one side, so that no split goes through it."""
    return one.part is None and protocol.split.folds is None


def _in_condition(base: Version, condition: str) -> Version:
    return replace(base, id=f"{base.base}.{condition}", condition=condition)


def _shuffled(names: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(names[i] for i in rng.permutation(len(names)))


def _rng(seed: int, *words: str) -> np.random.Generator:
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
