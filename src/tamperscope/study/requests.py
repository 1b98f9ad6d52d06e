"""What every route asks of a request: who sends it, whether they mean it, and a body of bounded size."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from tamperscope.study.acts import RefusedError
from tamperscope.study.sessions import Session, find, same
from tamperscope.study.store import Store

COOKIE = "session"
MAX_BODY = 1 << 20


def store_of(request: Request) -> Store:
    """The study that the server shows."""
    return request.app.state.store


def signed_in(request: Request) -> Session:
    """The session, or 401."""
    session = find(store_of(request), request.cookies.get(COOKIE))
    if session is None:
        raise HTTPException(401)
    return session


def reading_reader(session: Annotated[Session, Depends(signed_in)]) -> str:
    """The reader's id, or 403 for the operator, who answers nothing."""
    if session.reader_id is None:
        raise HTTPException(403)
    return session.reader_id


def operating(session: Annotated[Session, Depends(signed_in)]) -> Session:
    """The operator's session, or 403."""
    if session.reader_id is not None:
        raise HTTPException(403)
    return session


def same_origin(request: Request) -> None:
    """Refuse what another site's page sends."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise HTTPException(403)


async def meant(request: Request) -> Any:
    """The JSON of a request that changes something: from our own page, signed in, with the session's CSRF token."""
    same_origin(request)
    session = await run_in_threadpool(signed_in, request)
    if not same(request.headers.get("x-csrf-token"), session.csrf):
        raise HTTPException(403)
    content = await bounded(request)
    try:
        return json.loads(content or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RefusedError("The request is no JSON.") from None


def _no_constant(name: str) -> float:
    raise ValueError(name)


async def bounded(request: Request) -> bytes:
    """The body, or 413."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        raise HTTPException(413)
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > MAX_BODY:
            raise HTTPException(413)
    return content


Meant = Annotated[Any, Depends(meant)]
ReaderId = Annotated[str, Depends(reading_reader)]
StudyStore = Annotated[Store, Depends(store_of)]
