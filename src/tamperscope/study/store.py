"""All that the server reads from and writes to the study's database."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from tamperscope.study.acts import MAX_MARKS, MAX_STORED, Event, RefusedError
from tamperscope.study.config import Part, StudyConfig
from tamperscope.study.database import open_database, reading
from tamperscope.study.reading import Reading, derive
from tamperscope.study.tables import case, event, part_event, reader, study

OPERATOR = "operator"


@dataclass(frozen=True)
class Case:
    """A case of one reader."""

    id: str
    reader_id: str
    part_id: str
    number: int
    image_id: str


@dataclass(frozen=True)
class PartEvent:
    """Something that happened to one reader's part."""

    reader_id: str
    part_id: str
    kind: str
    by: str
    text: str
    at: float


class Store:
    """A study's folder, open."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.engine = open_database(folder)
        with reading(self.engine) as connection:
            kept = {row.key: row.value for row in connection.execute(select(study.c.key, study.c.value))}
            self.readers = {row.id: row for row in connection.execute(select(reader).order_by(reader.c.id))}
            cases = [Case(**row._mapping) for row in connection.execute(select(case).order_by(case.c.number))]
        said = json.loads(kept["config"])
        for part in said["parts"]:
            part["images"] = "kept apart"
        self.config = StudyConfig.model_validate(said)
        self.parts = {part.id: part for part in self.config.parts}
        self.sizes: dict[str, tuple[int, int]] = {name: (w, h) for name, (w, h) in json.loads(kept["sizes"]).items()}
        self.operator_password = kept["operator_password"]
        self.cases = {one.id: one for one in cases}
        self._by_part: dict[tuple[str, str], list[Case]] = defaultdict(list)
        for one in cases:
            self._by_part[one.reader_id, one.part_id].append(one)

    def cases_of(self, reader_id: str, part_id: str) -> list[Case]:
        """A reader's cases of a part, in their order."""
        return self._by_part[reader_id, part_id]

    def append(self, one: Case, part: Part, events: list[Event]) -> dict[str, Any]:
        """Keep acts, each once however often it is sent; all of them or, if the disk is full, none.

        Raises:
            RefusedError: the part is no longer open (checked together with the writing), or there are too many acts.
        """
        with self.engine.begin() as connection:
            if self.part_state(connection, one.reader_id, part) != "open":
                raise PartNotOpenError("This part is locked: nothing in it can be changed.")
            before = self._derived(connection, one.id)
            now = time.time()
            for said in events:
                row = {
                    "case_id": one.id,
                    "uuid": said.uuid,
                    "kind": said.kind,
                    "data": json.dumps(said.data()),
                    "client_time": said.at,
                    "active_ms": said.active_ms,
                    "server_time": now,
                }
                connection.execute(insert_or_ignore(event).values(row).on_conflict_do_nothing())
            after = self._derived(connection, one.id)
            if len(after.marks) > MAX_MARKS:
                raise RefusedError(f"A case has at most {MAX_MARKS} marks.")
            kept = select(func.count()).select_from(event).where(event.c.case_id == one.id)
            if connection.execute(kept).scalar_one() > MAX_STORED:
                raise RefusedError("There are too many acts on this case.")
        return {
            "accepted": [said.uuid for said in events],
            "before": before.revision,
            "revision": after.revision,
            "state": after.state(part.questions),
        }

    def reading_of(self, case_id: str) -> Reading:
        """What the reader has said about a case so far."""
        with reading(self.engine) as connection:
            return self._derived(connection, case_id)

    def _derived(self, connection: Connection, case_id: str) -> Reading:
        rows = connection.execute(
            select(event.c.kind, event.c.data, event.c.active_ms, event.c.server_time)
            .where(event.c.case_id == case_id)
            .order_by(event.c.seq)
        )
        return derive((row.kind, json.loads(row.data), row.active_ms, row.server_time) for row in rows)

    def readings(self) -> dict[str, Reading]:
        """All readings, by case."""
        acts: dict[str, list[Any]] = defaultdict(list)
        with reading(self.engine) as connection:
            for row in connection.execute(select(event).order_by(event.c.seq)):
                acts[row.case_id].append((row.kind, json.loads(row.data), row.active_ms, row.server_time))
        return {case_id: derive(acts.get(case_id, ())) for case_id in self.cases}

    def readings_of(self, reader_id: str, connection: Connection | None = None) -> dict[str, Reading]:
        """A reader's readings, by case."""
        if connection is None:
            with reading(self.engine) as connection:
                return self.readings_of(reader_id, connection)
        own = [one.id for one in self.cases.values() if one.reader_id == reader_id]
        acts: dict[str, list[Any]] = {case_id: [] for case_id in own}
        joined = select(event).join(case, case.c.id == event.c.case_id).where(case.c.reader_id == reader_id)
        for row in connection.execute(joined.order_by(event.c.seq)):
            acts[row.case_id].append((row.kind, json.loads(row.data), row.active_ms, row.server_time))
        return {case_id: derive(rows) for case_id, rows in acts.items()}

    def part_events(self, connection: Connection, reader_id: str | None = None) -> list[PartEvent]:
        """What happened to parts, in order."""
        wanted = select(part_event).order_by(part_event.c.seq)
        if reader_id is not None:
            wanted = wanted.where(part_event.c.reader_id == reader_id)
        return [
            PartEvent(row.reader_id, row.part_id, row.kind, row.by, row.text, row.server_time)
            for row in connection.execute(wanted)
        ]

    def part_state(self, connection: Connection, reader_id: str, part: Part) -> str:
        """``open``, ``locked``, or ``closed``: an earlier part isn't locked yet, or the wash-out isn't over."""
        return self.part_states(connection, reader_id)[part.id]

    def part_states(self, connection: Connection, reader_id: str) -> dict[str, str]:
        """The state of each part for a reader."""
        return {part_id: state for part_id, (state, _) in self.part_openings(connection, reader_id).items()}

    def part_openings(self, connection: Connection, reader_id: str) -> dict[str, tuple[str, float]]:
        """The state of each part for a reader, and when it opens, s since 1970; infinite while nobody can know."""
        last: dict[str, PartEvent] = {}
        for happened in self.part_events(connection, reader_id):
            if happened.kind in ("lock", "reopen"):
                last[happened.part_id] = happened
        openings: dict[str, tuple[str, float]] = {}
        opens_at = 0.0
        for part in self.config.parts:
            opens_at += 3600 * part.wash_out_hours
            done = last.get(part.id)
            if done and done.kind == "lock":
                openings[part.id] = "locked", opens_at
                opens_at = max(opens_at, done.at)
            else:
                openings[part.id] = "open" if time.time() >= opens_at else "closed", opens_at
                opens_at = float("inf")
        return openings

    def happen(self, reader_id: str, part_id: str, kind: str, by: str, text: str = "") -> None:
        """Keep that something happened to a part."""
        with self.engine.begin() as connection:
            self.happen_in(connection, reader_id, part_id, kind, by, text)

    def happen_in(self, connection: Connection, reader_id: str, part_id: str, kind: str, by: str, text: str) -> None:
        """The same, within a transaction that has looked at the part's state."""
        row = {"reader_id": reader_id, "part_id": part_id, "kind": kind, "by": by, "text": text}
        connection.execute(insert(part_event), row | {"server_time": time.time()})

    def remark(self, connection: Connection, reader_id: str, part_id: str) -> str:
        """The reader's last remark on a series."""
        said = [e.text for e in self.part_events(connection, reader_id) if e.kind == "remark" and e.part_id == part_id]
        return said[-1] if said else ""


class PartNotOpenError(Exception):
    """The part is locked or not open yet."""
