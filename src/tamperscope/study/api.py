"""What a reader's pages ask and tell, in JSON.

- ``GET /api/session``: {csrf, study: {title}, reader: {id, name}, simulated, parts: [{id, title, instructions,
  state: open|locked|closed, answered, total, simulated, remark: {asked, text, words}, questions, marks,
  cases: [{id, number, state: new|begun|done}]}]}. A closed part is {id, title: "Part 2", state} and no more.
- ``GET /api/case/ID``: {id, part, number, width, height, window, presets, revision, answers, marks, seconds, locked}
- ``GET /api/case/ID/pixels``: height x width little-endian unsigned 16-bit values, row by row
- ``POST /api/case/ID/events`` {events: [{uuid, kind, at, ...}]} (``acts.py``): {accepted, before, revision, state}
- ``POST /api/part/ID/remark`` {remark}, ``POST /api/part/ID/lock``

A request that changes something carries the header X-CSRF-Token. Errors are {error: one sentence} with 401 (signed
out), 403 (not yours, or not open), 409 (locked), 413, 422 (not understood), 429, 503 (could not be saved).
Pictures have the same size and headers throughout a part; ids are random; nothing here knows what is true.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import JSONResponse, Response

from tamperscope.study.acts import MAX_TEXT, RefusedError, read_events
from tamperscope.study.config import Part
from tamperscope.study.database import reading
from tamperscope.study.images import pixels_path
from tamperscope.study.operator import when
from tamperscope.study.requests import Meant, ReaderId, StudyStore, signed_in
from tamperscope.study.sessions import Session
from tamperscope.study.store import Case, PartNotOpenError, Store

router = APIRouter(prefix="/api")


@router.get("/session")
def session(store: StudyStore, session: Annotated[Session, Depends(signed_in)]) -> dict[str, Any]:
    """Who reads, and the parts with their questions and cases."""
    said: dict[str, Any] = {"csrf": session.csrf, "study": {"title": store.config.title}}
    if session.reader_id is None:
        return said | {"operator": True, "parts": []}
    reader = store.readers[session.reader_id]
    readings = store.readings_of(reader.id)
    with reading(store.engine) as connection:
        openings = store.part_openings(connection, reader.id)
        remarks = {part.id: store.remark(connection, reader.id, part.id) for part in store.config.parts}
    parts: list[dict[str, Any]] = []
    for number, part in enumerate(store.config.parts, 1):
        state, opens_at = openings[part.id]
        if state == "closed":
            opens = when(opens_at) if math.isfinite(opens_at) else None
            parts.append({"id": f"part-{number}", "title": f"Part {number}", "state": "closed", "opens": opens})
            continue
        cases = [
            {"id": one.id, "number": one.number, "state": readings[one.id].state(part.questions)}
            for one in store.cases_of(reader.id, part.id)
        ]
        parts.append(
            {
                "id": part.id,
                "title": part.title,
                "instructions": part.instructions,
                "state": state,
                "simulated": reader.simulated,
                "answered": sum(one["state"] == "done" for one in cases),
                "total": len(cases),
                "remark": {
                    "asked": part.series_remark is not None,
                    "text": remarks[part.id],
                    "words": part.series_remark,
                },
                "questions": [question.model_dump() for question in part.questions],
                "marks": part.marks.model_dump() if part.marks else None,
                "cases": cases,
            }
        )
    name = reader.name + (" (simulated)" if reader.simulated else "")
    return said | {"reader": {"id": reader.id, "name": name}, "simulated": reader.simulated, "parts": parts}


@router.get("/case/{case_id}")
def case(store: StudyStore, reader_id: ReaderId, case_id: str) -> dict[str, Any]:
    """A case as far as it is read."""
    one, part = _to_look_at(store, reader_id, case_id)
    read = store.reading_of(one.id)
    width, height = store.sizes[part.id]
    return {
        "id": one.id,
        "part": part.id,
        "number": one.number,
        "width": width,
        "height": height,
        "window": None,
        "presets": [preset.model_dump() for preset in store.config.presets],
        "revision": read.revision,
        "answers": read.answers,
        "marks": list(read.marks.values()),
        "seconds": read.seconds,
        "locked": False,
    }


@router.get("/case/{case_id}/pixels")
def pixels(store: StudyStore, reader_id: ReaderId, case_id: str) -> Response:
    """A case's picture."""
    one, _ = _to_look_at(store, reader_id, case_id)
    return Response(pixels_path(store.folder, one.image_id).read_bytes(), media_type="application/octet-stream")


@router.post("/case/{case_id}/events")
def events(store: StudyStore, reader_id: ReaderId, case_id: str, body: Meant) -> dict[str, Any]:
    """Keep what the reader did."""
    one = _own_case(store, reader_id, case_id)
    part = store.parts[one.part_id]
    _not_closed(store, reader_id, part)
    return store.append(one, part, read_events(body, part, *store.sizes[part.id]))


@router.post("/part/{part_id}/remark")
def remark(store: StudyStore, reader_id: ReaderId, part_id: str, body: Meant) -> dict[str, Any]:
    """Keep the remark on a series."""
    part = _own_part(store, part_id)
    _not_closed(store, reader_id, part)
    words = body.get("remark") if isinstance(body, dict) else None
    if part.series_remark is None or not isinstance(words, str) or len(words) > MAX_TEXT:
        raise RefusedError(f"A remark of at most {MAX_TEXT} characters is wanted.")
    with store.engine.begin() as connection:
        if store.part_state(connection, reader_id, part) != "open":
            raise PartNotOpenError("This part is locked: nothing in it can be changed.")
        if words != store.remark(connection, reader_id, part.id):
            store.happen_in(connection, reader_id, part.id, "remark", reader_id, words)
    return {}


@router.post("/part/{part_id}/lock")
def lock(store: StudyStore, reader_id: ReaderId, part_id: str, body: Meant) -> Any:
    """Lock a part whose cases are all done; the next one opens."""
    part = _own_part(store, part_id)
    _not_closed(store, reader_id, part)
    with store.engine.begin() as connection:
        # The answers are counted while nobody can write, so that none slips in between.
        readings = store.readings_of(reader_id, connection)
        missing = [
            {"case": one.id, "number": one.number, "words": [q.words for q in part.questions if q.id in lacking]}
            for one in store.cases_of(reader_id, part.id)
            if (lacking := readings[one.id].missing(part.questions))
        ]
        if missing:
            return JSONResponse({"error": f"{len(missing)} cases lack an answer.", "missing": missing}, 409)
        if store.part_state(connection, reader_id, part) == "open":
            store.happen_in(connection, reader_id, part.id, "lock", reader_id, "")
    return {}


def _own_case(store: Store, reader_id: str, case_id: str) -> Case:
    one = store.cases.get(case_id)
    # The same answer for another's case and for none, so that ids can't be felt out.
    if one is None or one.reader_id != reader_id:
        raise HTTPException(403)
    return one


def _own_part(store: Store, part_id: str) -> Part:
    if part_id not in store.parts:
        raise HTTPException(403)
    return store.parts[part_id]


def _not_closed(store: Store, reader_id: str, part: Part) -> None:
    with reading(store.engine) as connection:
        if store.part_state(connection, reader_id, part) == "closed":
            raise HTTPException(403)


def _to_look_at(store: Store, reader_id: str, case_id: str) -> tuple[Case, Part]:
    """The reader's own case in an open part: what is locked has been said, and is not looked at again."""
    one = _own_case(store, reader_id, case_id)
    part = store.parts[one.part_id]
    with reading(store.engine) as connection:
        if store.part_state(connection, reader_id, part) != "open":
            raise HTTPException(403)
    return one, part
