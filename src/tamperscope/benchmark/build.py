"""Build a benchmark: prepare the untouched images, then make all versions, in parallel and so that it can be stopped.

Every image is written whole or not at all, with its record beside it. A build that was interrupted goes on where it
stopped: an image whose record answers to what is wanted and whose bytes are those of the record is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tamperscope import __version__
from tamperscope.benchmark.features import image_features
from tamperscope.benchmark.make import in_condition, lesion_sizes, make_base
from tamperscope.benchmark.manifest import HEADER, SCHEMA, Row, SourceFile, read_header, write_manifest, write_text
from tamperscope.benchmark.plan import PLAIN, Plan, Version, make_plan
from tamperscope.benchmark.prepare import Prepared, from_record, pixels_sha256, prepare_image, read_record
from tamperscope.benchmark.protocol import Condition, Protocol
from tamperscope.benchmark.sources.collection import Collection, SourceImage
from tamperscope.benchmark.spread import spread
from tamperscope.errors import TamperscopeError
from tamperscope.forge.registry import FORGERS
from tamperscope.io.files import beside
from tamperscope.io.write import write_marked
from tamperscope.mammogram import Mammogram

UNTOUCHED, IMAGES = "untouched", "images"


@dataclass(frozen=True)
class Built:
    """What a build gave.

    Attributes:
        folder: of the benchmark.
        rows: of the manifest.
        notes: what could not be made, a sentence each.
    """

    folder: Path
    rows: list[Row]
    notes: list[str]


@dataclass(frozen=True)
class _Job:
    """What a worker knows: the same for all of its tasks."""

    folder: Path
    protocol: Protocol
    collections: tuple[Collection, ...]
    conditions: dict[str, Condition]


@dataclass(frozen=True)
class _Group:
    """All versions of one source image, and the sizes of regions in mm."""

    versions: tuple[Version, ...]
    sizes: tuple[tuple[float, float], ...]


def build(protocol: Protocol, collections: Sequence[Collection], folder: Path, *, processes: int = 1) -> Built:
    """Build a benchmark.

    Args:
        protocol: what is wanted.
        collections: the sources, in the protocol's order.
        folder: to write; empty, or that of the same build.
        processes: that work at the same time; the result does not depend on it.

    Raises:
        TamperscopeError: the folder holds something else, or the protocol and the sources do not fit.
    """
    plan = make_plan(protocol, collections)
    header = _header(protocol, collections, plan)
    _check_folder(folder, header)
    write_text(folder / HEADER, _to_json({**header, "state": "building"}))
    job = _Job(folder, protocol, tuple(collections), plan.conditions)
    wanted = _images_of(plan, collections)
    prepared: dict[tuple[int, str], Prepared] = {}
    notes = list(plan.notes)
    for number, name, outcome in spread(_prepare, wanted, job, processes=processes, title="untouched images"):
        if isinstance(outcome, str):
            notes.append(f"{name}: {outcome}")
        else:
            prepared[number, name] = from_record(_untouched_path(folder, collections[number], name), outcome)
    rows: list[Row] = []
    groups = _groups(plan, prepared)
    for made, problems in spread(_make, groups, job, processes=processes, title="versions"):
        rows += made
        notes += problems
    rows.sort(key=lambda row: row.id)
    notes.sort()
    write_manifest(folder, rows)
    counts = Counter(f"{row.set} / {row.family} / {row.condition}" for row in rows)
    write_text(
        folder / HEADER, _to_json({**header, "state": "whole", "counts": dict(sorted(counts.items())), "notes": notes})
    )
    return Built(folder, rows, notes)


def _header(protocol: Protocol, collections: Sequence[Collection], plan: Plan) -> dict[str, Any]:
    forgers = sorted({name for version in plan.versions for name in version.forgers})
    return {
        "schema": "tamperscope-benchmark",
        "schema_version": SCHEMA,
        "package": {"name": "tamperscope", "version": __version__},
        "protocol": protocol.model_dump(mode="json"),
        "sources": [
            {
                "name": collection.name,
                "images": len(collection.images),
                "licence": collection.licence,
                "cite": collection.cite,
                "parts": {part: list(ends) for part, ends in parts.items()},
            }
            for collection, parts in zip(collections, plan.parts, strict=True)
        ],
        # Plans differ where anything differs that an image depends on but the pixels of the sources,
        "plan_sha256": hashlib.sha256(repr(plan.versions).encode()).hexdigest(),
        # and weights that do not ship.
        "weights": {name: FORGERS[name].weights_hash() for name in forgers if FORGERS[name].card.needs_weights},
    }


def _check_folder(folder: Path, header: dict[str, Any]) -> None:
    there = read_header(folder)
    if not there:
        if folder.exists() and any(folder.iterdir()):
            raise TamperscopeError(f"{folder} holds something that is no benchmark: choose an empty folder.")
        return
    if any(there.get(key) != value for key, value in header.items()):
        raise TamperscopeError(f"{folder} holds another benchmark, or one of another version: choose an empty folder.")


def _images_of(plan: Plan, collections: Sequence[Collection]) -> list[tuple[int, str]]:
    """The source images that the versions need, as targets or as donors."""
    wanted = {(v.collection, name) for v in plan.versions for name in (v.image, *v.donors)}
    return [(n, image.name) for n, one in enumerate(collections) for image in one.images if (n, image.name) in wanted]


def _groups(plan: Plan, prepared: dict[tuple[int, str], Prepared]) -> list[_Group]:
    sizes = {
        number: tuple(lesion_sizes([one for (n, _), one in sorted(prepared.items()) if n == number]))
        for number in {number for number, _ in prepared}
    }
    versions: dict[tuple[int, str], list[Version]] = {}
    for version in plan.versions:
        if (version.collection, version.image) in prepared:
            versions.setdefault((version.collection, version.image), []).append(version)
    return [_Group(tuple(group), sizes[number]) for (number, _), group in versions.items()]


# Tasks, in the worker -------------------------------------------------------------------------------------------------


def _prepare(job: _Job, task: tuple[int, str]) -> tuple[int, str, dict[str, Any] | str]:
    number, name = task
    collection = job.collections[number]
    image = collection.by_name[name]
    try:
        prepared = prepare_image(
            image,
            _untouched_path(job.folder, collection, name),
            preparation=job.protocol.prepare,
            lossy=collection.lossy,
            seed=_image_seed(job.protocol.seed, collection, image),
            tone=job.protocol.tone,
        )
    except TamperscopeError as error:
        return number, name, str(error)
    return number, name, prepared.record


def _make(job: _Job, group: _Group) -> tuple[list[Row], list[str]]:
    """All versions of one source image."""
    first = group.versions[0]
    collection = job.collections[first.collection]
    path = _untouched_path(job.folder, collection, first.image)
    rows: list[Row] = []
    notes: list[str] = []
    open_versions = []
    for version in group.versions:
        done = None if version.family in ("untouched", "mass") else _finished(job, version)
        if done is None:
            open_versions.append(version)
        else:
            rows.append(done)
    if not open_versions:
        return rows, notes
    record = read_record(path)
    assert record is not None
    prepared = from_record(path, record)
    mammogram = prepared.read()

    def donor_of(name: str) -> tuple[Prepared, Mammogram]:
        return _donor(_untouched_path(job.folder, collection, name))

    bases: dict[str, list[Version]] = {}
    for version in open_versions:
        bases.setdefault(version.base, []).append(version)
    for versions in bases.values():
        if versions[0].family == "mass":
            rows += _mass_rows(job, versions[0], prepared, mammogram)
            continue
        try:
            made = make_base(versions[0], mammogram, prepared, group.sizes, donor_of)
            for version in versions:
                rows.append(_write(job, version, made, mammogram, prepared))
        except TamperscopeError as error:
            notes.append(f"{versions[0].base} could not be made: {error}")
    return rows, notes


def _write(job: _Job, version: Version, made: Any, mammogram: Mammogram, prepared: Prepared) -> Row:
    condition = job.conditions.get(version.condition)
    if made.forgery is None and version.condition == PLAIN:
        features = image_features(mammogram, made.region)
        return _row(job, version, prepared.path, prepared.record, prepared, made.region.shape, features, None)
    forgery = in_condition(made, mammogram, condition, version.seed)
    stored = forgery.mammogram.source
    assert stored is not None
    path = _version_path(job.folder, job.collections[version.collection], version)
    donor = None if made.donor is None else _source_file(job, version.collection, made.donor)
    record = {
        **forgery.record,
        "benchmark": {
            "version": asdict(version),
            "attempt": made.attempt,
            "forger": made.forger,
            "region": dict(made.region.shape),
            "donor": donor and donor.model_dump(),
            "condition": None if condition is None else condition.model_dump(mode="json"),
            "shape": list(forgery.mammogram.shape),
            "forged_pixels": int(forgery.mask.sum()),
            "pixels_sha256": pixels_sha256(stored.stored),
            "features": image_features(forgery.mammogram, made.region),
        },
    }
    write_marked(path, forgery.mammogram, mask=forgery.mask, record=record)
    row = _finished(job, version)
    assert row is not None
    return row


def _finished(job: _Job, version: Version) -> Row | None:
    """The row of an image that is there and is what is wanted."""
    collection = job.collections[version.collection]
    path = _version_path(job.folder, collection, version)
    record = read_record(path)
    if record is None:
        return None
    own = record.get("benchmark", {})
    untouched = _untouched_path(job.folder, collection, version.image)
    source = read_record(untouched)
    if source is None or record["source"]["sha256"] != source["written_sha256"]:
        return None
    if own.get("version") != json.loads(json.dumps(asdict(version))):
        return None
    return _row(
        job, version, path, record, from_record(untouched, source), own["region"], own["features"], own["donor"]
    )


def _mass_rows(job: _Job, version: Version, prepared: Prepared, mammogram: Mammogram) -> list[Row]:
    rows = []
    for number, lesion in enumerate(lesion for lesion in prepared.lesions if lesion.mass):
        features = image_features(mammogram, lesion.outline)
        row = _row(job, version, prepared.path, prepared.record, prepared, lesion.outline.shape, features, None)
        rows.append(row.model_copy(update={"id": f"{version.base}.{number}.{PLAIN}"}))
    return rows


def _row(
    job: _Job,
    version: Version,
    path: Path,
    record: dict[str, Any],
    prepared: Prepared,
    region: Any,
    features: dict[str, Any],
    donor: dict[str, Any] | None,
) -> Row:
    mask, record_path = beside(path)
    own = record.get("benchmark") or record["prepared"]
    untouched = "benchmark" not in record
    image = job.collections[version.collection].by_name[version.image]
    return Row(
        id=version.id,
        base=version.base,
        set=version.set,
        role=version.role,  # type: ignore[arg-type]
        part=version.part,
        rank=version.rank,
        source=_source_file(job, version.collection, version.image, prepared),
        patients=image.patients,
        label=record["label"],
        family=version.family,
        forger="none" if untouched else own["forger"],
        condition=version.condition,
        region=dict(region),
        reach=record.get("reach"),
        parameters=record.get("parameters", {}) | ({"hidden": record["hidden"]} if "hidden" in record else {}),
        drawn=record.get("drawn", {}) | ({} if untouched else {"attempt": own["attempt"]}),
        seed=int(record.get("seed", version.seed)),
        donor=None if donor is None else SourceFile(**donor),
        image=path.relative_to(job.folder).as_posix(),
        mask=mask.relative_to(job.folder).as_posix(),
        record=record_path.relative_to(job.folder).as_posix(),
        height=own["shape"][0],
        width=own["shape"][1],
        pitch_mm=float(record["spacing"]["mm"]),
        forged_pixels=int(own.get("forged_pixels", 0)),
        pixels_sha256=own["pixels_sha256"],
        file_sha256=record["written_sha256"],
        package=record["tamperscope"],
        features=features,
    )


def _source_file(job: _Job, number: int, name: str, prepared: Prepared | None = None) -> SourceFile:
    collection = job.collections[number]
    if prepared is None:
        record = read_record(_untouched_path(job.folder, collection, name))
        assert record is not None
    else:
        record = prepared.record
    origin = record["source"]
    return SourceFile(collection=collection.name, image=name, file=origin["file"], sha256=origin["sha256"])


@lru_cache(maxsize=6)
def _donor(path: Path) -> tuple[Prepared, Mammogram]:
    record = read_record(path)
    if record is None:
        raise TamperscopeError(f"the donor {path.stem} could not be prepared.")
    prepared = from_record(path, record)
    return prepared, prepared.read()


def _untouched_path(folder: Path, collection: Collection, name: str) -> Path:
    return folder / UNTOUCHED / collection.name / f"{name}.png"


def _version_path(folder: Path, collection: Collection, version: Version) -> Path:
    return folder / IMAGES / collection.name / f"{version.id}.png"


def _image_seed(seed: int, collection: Collection, image: SourceImage) -> int:
    digest = hashlib.sha256(f"{seed}\n{collection.name}\n{image.name}".encode()).digest()
    return int.from_bytes(digest[:6], "little")


def _to_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
