"""A study's outcome: what every reader said about every case, beside what is true; input of export and analysis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tamperscope.errors import TamperscopeError
from tamperscope.study.config import Part, StudyConfig
from tamperscope.study.create import TRUTH
from tamperscope.study.database import reading
from tamperscope.study.reading import Reading
from tamperscope.study.store import PartEvent, Store
from tamperscope.study.tables import event


@dataclass(frozen=True)
class Reader:
    """Who read."""

    id: str
    name: str
    simulated: bool

    @property
    def shown(self) -> str:
        """The name, with what the reader is where it is no person."""
        return f"{self.name} (simulated)" if self.simulated else self.name


@dataclass(frozen=True)
class Judged:
    """One reader's reading of one case, with the truth about its image (``image_list.TrueImage.as_dict``)."""

    reader: Reader
    part: Part
    number: int
    case_id: str
    image_id: str
    truth: dict[str, Any]
    reading: Reading


@dataclass(frozen=True)
class Outcome:
    """All of a study."""

    config: StudyConfig
    readers: list[Reader]
    judged: list[Judged]
    events: list[dict[str, Any]]
    part_events: list[PartEvent]
    states: dict[str, dict[str, str]]
    remarks: dict[tuple[str, str], str]
    sizes: dict[str, tuple[int, int]]

    @property
    def simulated(self) -> bool:
        """Whether any reader is."""
        return any(reader.simulated for reader in self.readers)


def outcome_of(folder: str | Path) -> Outcome:
    """Read a study's folder, which may be served meanwhile.

    Raises:
        TamperscopeError: the folder is no study, or its truth is missing.
    """
    store = Store(folder)
    try:
        truth = json.loads((Path(folder) / TRUTH).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TamperscopeError(f"{folder} has no {TRUTH}: without it nothing can be judged.") from None
    readers = {row.id: Reader(row.id, row.name, bool(row.simulated)) for row in store.readers.values()}
    readings = store.readings()
    judged = [
        Judged(readers[r], part, one.number, one.id, one.image_id, truth[one.image_id], readings[one.id])
        for r in readers
        for part in store.config.parts
        for one in store.cases_of(r, part.id)
    ]
    with reading(store.engine) as connection:
        events = [dict(row._mapping) for row in connection.execute(select(event).order_by(event.c.seq))]
        part_events = store.part_events(connection)
        states = {r: store.part_states(connection, r) for r in readers}
        remarks = {(r, part): store.remark(connection, r, part) for r in readers for part in store.parts}
    store.engine.dispose()
    return Outcome(store.config, list(readers.values()), judged, events, part_events, states, remarks, store.sizes)
