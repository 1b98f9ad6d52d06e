"""Readers that are no people: they answer through the checks and the store of the server, without its pages.

They are labelled as simulated wherever they show. What they say is in ``simulated_reading.py``; ``rehearse.py`` lets
them say the same at the pages of a running server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.study.acts import read_events
from tamperscope.study.create import TRUTH
from tamperscope.study.database import reading
from tamperscope.study.simulated_reading import PlannedReading, Skill, draws_of, plan_reading
from tamperscope.study.store import Case, Store

SERIES_REMARK = "Simulated reader: {} cases read."


def simulated_readers(store: Store) -> list[str]:
    """The readers that are declared as simulated.

    Raises:
        TamperscopeError: there are none; people's answers are never made up.
    """
    readers = [row.id for row in store.readers.values() if row.simulated]
    if not readers:
        raise TamperscopeError(
            "No reader of this study is declared as simulated: true, and people's answers stay theirs."
        )
    return readers


def planned_readings(store: Store, reader: str, *, seed: int, skill: Skill) -> dict[str, PlannedReading]:
    """What a simulated reader will say, by case.

    Raises:
        TamperscopeError: the study's truth is missing, from which the answers are drawn.
    """
    try:
        truth = json.loads((store.folder / TRUTH).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TamperscopeError(f"{store.folder} has no {TRUTH}, from which answers could be drawn.") from None
    planned = {}
    for part in store.config.parts:
        for one in store.cases_of(reader, part.id):
            rng = draws_of(seed, reader, part.id, one.number)
            planned[one.id] = plan_reading(part, truth[one.image_id], rng, skill)
    return planned


def simulate_readers(folder: str | Path, *, seed: int = 0, skill: Skill | None = None) -> dict[str, int]:
    """Let the readers that are declared as simulated read and lock all parts that are open to them.

    The acts pass the same checks and the same store as a browser's; with the same seed they are the same, and
    a run that was stopped goes on.

    Returns:
        Reader to acts kept.

    Raises:
        TamperscopeError: see ``simulated_readers`` and ``planned_readings``.
    """
    store = Store(folder)
    kept = {}
    for reader in simulated_readers(store):
        kept[reader] = 0
        planned = planned_readings(store, reader, seed=seed, skill=skill or Skill())
        for part in store.config.parts:
            with reading(store.engine) as connection:
                if store.part_state(connection, reader, part) != "open":
                    continue
            cases = store.cases_of(reader, part.id)
            for one in cases:
                events = read_events({"events": list(_acts(planned[one.id], one, seed))}, part, *store.sizes[part.id])
                store.append(one, part, events)
                kept[reader] += len(events)
            if part.series_remark is not None:
                store.happen(reader, part.id, "remark", reader, SERIES_REMARK.format(len(cases)))
            store.happen(reader, part.id, "lock", reader)
    store.engine.dispose()
    return kept


def _acts(planned: PlannedReading, one: Case, seed: int) -> Iterator[dict[str, Any]]:
    """A planned reading as a browser would send it, with ids by which a second run is known again."""
    rng = np.random.default_rng([seed, *bytes.fromhex(one.id)])

    def act(kind: str, **said: Any) -> dict[str, Any]:
        return {"uuid": rng.bytes(16).hex(), "at": "2000-01-01T00:00:00Z", "kind": kind, **said}

    yield act("open")
    for said in (planned.first_thoughts, planned.answers):
        for question, value in said.items():
            yield act("answer", question=question, value=value)
    for mark in planned.marks:
        made = {"id": rng.bytes(16).hex(), "kind": mark.kind, "shape": mark.shape, "confidence": mark.confidence}
        yield act("mark-add", mark=made)
    yield act("view", active_ms=int(1000 * rng.lognormal(3.5, 0.5)))
