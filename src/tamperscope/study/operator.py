"""What the operator's page asks and tells: progress, locking and reopening, agreement once all is locked."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException

from tamperscope.study.acts import RefusedError
from tamperscope.study.agreement import agreement_of
from tamperscope.study.database import reading
from tamperscope.study.requests import Meant, StudyStore, operating
from tamperscope.study.sessions import Session
from tamperscope.study.store import OPERATOR, PartNotOpenError, Store

router = APIRouter(prefix="/api/operator")
Operating = Annotated[Session, Depends(operating)]


@router.get("/progress")
def progress(store: StudyStore, _operator: Operating) -> dict[str, Any]:
    """All that the page shows."""
    readings = store.readings()
    with reading(store.engine) as connection:
        states = {reader_id: store.part_states(connection, reader_id) for reader_id in store.readers}
        happened = store.part_events(connection)
    rows = []
    for reader in store.readers.values():
        for part in store.config.parts:
            read = [readings[one.id] for one in store.cases_of(reader.id, part.id)]
            done = [one for one in read if one.state(part.questions) == "done"]
            times = [one.seconds for one in done]
            last = max((one.last for one in read if one.last), default=None)
            rows.append(
                {
                    "reader": reader.name,
                    "reader_id": reader.id,
                    "simulated": reader.simulated,
                    "part": part.title,
                    "part_id": part.id,
                    "state": states[reader.id][part.id],
                    "done": len(done),
                    "total": len(read),
                    "missing": sum(len(one.missing(part.questions)) for one in read if one.first is not None),
                    "seconds": sum(one.seconds for one in read),
                    "median_seconds": median(times) if times else None,
                    "last": when(last) if last else None,
                }
            )
    audit = [
        {
            "at": when(one.at),
            "who": one.by if one.by == OPERATOR else store.readers[one.by].name,
            "what": f"{one.kind}: {store.parts[one.part_id].title} of {store.readers[one.reader_id].name}",
            "reason": one.text,
        }
        for one in reversed(happened)
        if one.kind != "remark"
    ]
    agreement = []
    among = ", simulated readers among them" if any(reader.simulated for reader in store.readers.values()) else ""
    for part in store.config.parts:
        locked = all(states[reader_id][part.id] == "locked" for reader_id in store.readers)
        for words, value in agreement_of(store, part, readings) if locked else [(f"{part.title}: agreement", "")]:
            agreement.append({"words": words + among, "value": value, "hidden": not locked})
    return {"study": {"title": store.config.title}, "rows": rows, "agreement": agreement, "audit": audit}


@router.post("/lock")
def lock(store: StudyStore, _operator: Operating, body: Meant) -> dict[str, Any]:
    """Lock a reader's part as it is."""
    return _change(store, body, "lock", "open")


@router.post("/reopen")
def reopen(store: StudyStore, _operator: Operating, body: Meant) -> dict[str, Any]:
    """Open a locked part again; later parts close until it is locked."""
    return _change(store, body, "reopen", "locked")


def _change(store: Store, body: Any, kind: str, wanted: str) -> dict[str, Any]:
    said = body if isinstance(body, dict) else {}
    reader_id, part_id, reason = (said.get(name) for name in ("reader", "part", "reason"))
    if not isinstance(reason, str) or not 3 <= len(reason.strip()) <= 1000:
        raise RefusedError("A reason of 3 to 1000 characters is wanted.")
    if not isinstance(reader_id, str) or not isinstance(part_id, str):
        raise RefusedError("A reader and a part are wanted.")
    if reader_id not in store.readers or part_id not in store.parts:
        raise HTTPException(404)
    with store.engine.begin() as connection:
        states = store.part_states(connection, reader_id)
        if states[part_id] != wanted:
            raise PartNotOpenError(f"This part is {states[part_id]}.")
        after = list(states)[list(states).index(part_id) + 1 :]
        reason = reason.strip()
        if kind == "reopen" and any(states[later] != "closed" for later in after):
            # What the reader has been told since can't be untold: whoever reads the audit must know.
            reason += " [a later part was open already]"
        store.happen_in(connection, reader_id, part_id, kind, OPERATOR, reason)
    return {}


def when(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
