"""The study's server: one process, no other service, nothing from the network.

Security in one place: strict headers on every answer, one JSON shape or page for every error, bodies of at most 1 MiB,
a limit to the requests of one address, and no documentation pages that would list the routes.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamperscope.study import api, operator, pages
from tamperscope.study.acts import RefusedError
from tamperscope.study.pace import Pace
from tamperscope.study.sessions import TryLimit
from tamperscope.study.store import PartNotOpenError, Store

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it browsers send "Origin: null" with our own forms, and same_origin refuses them.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
WORDS = {
    401: "You are signed out.",
    403: "This is not open to you.",
    404: "There is no such page.",
    405: "This can't be done here.",
    413: "This is too large.",
    429: "Too many requests at once. Wait a moment.",
}
_LOG = logging.getLogger(__name__)


def app_for(folder: str | Path, *, secure: bool = False) -> FastAPI:
    """The app of a study's folder.

    Args:
        folder: As ``create_study`` made it.
        secure: Readers come by HTTPS (through a proxy): cookies go over nothing else.

    Raises:
        TamperscopeError: the folder is no study.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.store = Store(folder)
    app.state.limit = TryLimit()
    app.state.pace = Pace()
    app.state.secure = secure
    for room in (pages, api, operator):
        app.include_router(room.router)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, lambda r, e: _answer(r, 422, "This is not understood."))
    app.add_exception_handler(RefusedError, lambda r, e: _answer(r, 422, str(e)))
    app.add_exception_handler(PartNotOpenError, lambda r, e: _answer(r, 409, str(e)))
    app.add_exception_handler(SQLAlchemyError, _not_saved)
    app.add_middleware(_Guard)
    return app


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    # Only our own sentences are passed on; those of the libraries say too much or too little.
    words = error.detail if isinstance(error, HTTPException) and error.headers else WORDS.get(error.status_code, "")
    return _answer(request, error.status_code, words or "This was refused.", error.headers)


def _not_saved(request: Request, error: Exception) -> Response:
    _LOG.error("the database refused: %s", error)
    return _answer(request, 503, "The server could not save this. It will be tried again.", {"Retry-After": "5"})


def _answer(request: Request, status: int, words: str, headers: Any = None) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": words}, status, headers)
    return pages.message(request, status, words, headers)


class _Guard:
    """Headers on every answer; an answer for what nobody caught, without a traceback in it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope)
        try:
            if not scope["app"].state.pace.allows(request.client.host if request.client else ""):
                refused = _answer(request, 429, WORDS[429], {"Retry-After": "1"})
                return await refused(scope, receive, send_with_headers)
            await self.app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return  # a browser that was closed in the middle of sending; it will send again
        except Exception:
            _LOG.exception("a request failed")
            if not started:
                failed = _answer(request, 500, "Something went wrong on the server.")
                await failed(scope, receive, send_with_headers)
