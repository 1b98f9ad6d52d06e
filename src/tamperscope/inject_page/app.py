"""The page's server: local, behind a token, with nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tamperscope.errors import TamperscopeError
from tamperscope.inject_page.desk import LEVELS_PER_UNIT, LOWEST, Desk, parse_lesions

_STATIC = Path(__file__).parent / "static"
_MOST_BYTES = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def make_app(desk: Desk, token: str) -> Starlette:
    """The application.

    Args:
        desk: what the page works on.
        token: a secret; every address begins with it, so that no other page in the browser can call.
    """

    async def page(_: Request) -> Response:
        return FileResponse(_STATIC / "page.html")

    async def files(_: Request) -> Response:
        names = [file.name for file in desk.files]
        return JSONResponse({"files": names, "levels_per_unit": LEVELS_PER_UNIT, "lowest": LOWEST})

    async def facts(request: Request) -> Response:
        return await _answer(lambda: JSONResponse(desk.facts(request.path_params["number"])))

    async def pixels(request: Request) -> Response:
        return await _answer(lambda: _binary([desk.pixels(request.path_params["number"])]))

    async def preview(request: Request) -> Response:
        wanted = await _json(request)
        return await _answer(lambda: _binary(desk.preview(request.path_params["number"], parse_lesions(wanted()))))

    async def save(request: Request) -> Response:
        wanted = await _json(request)

        def write() -> Response:
            path = desk.save(request.path_params["number"], parse_lesions(wanted()))
            return JSONResponse({"file": path.name, "folder": str(path.parent)})

        return await _answer(write)

    routes = [
        Route("/", page),
        Route("/files", files),
        Route("/image/{number:int}", facts),
        Route("/image/{number:int}/pixels", pixels),
        Route("/image/{number:int}/preview", preview, methods=["POST"]),
        Route("/image/{number:int}/save", save, methods=["POST"]),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    # A page elsewhere whose name is made to point at this machine (DNS rebinding) has another host.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(routes=[Mount(f"/{token}", routes=routes)], middleware=[hosts, Middleware(_Headers)])


class _Headers:
    """Adds the headers that keep the page to itself, to every answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        await self._app(scope, receive, with_headers)


async def _json(request: Request) -> Callable[[], Any]:
    """The body, read; calling the result parses it and may raise ``TamperscopeError``."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            break

    def parse() -> Any:
        if len(body) > _MOST_BYTES:
            raise TamperscopeError("the request is too long.")
        try:
            return json.loads(body)
        except ValueError as error:
            raise TamperscopeError("the request is no JSON.") from error

    return parse


async def _answer(work: Callable[[], Response]) -> Response:
    try:
        return await run_in_threadpool(work)
    except TamperscopeError as error:
        return JSONResponse({"error": str(error)}, status_code=400)


def _binary(arrays: list[np.ndarray]) -> Response:
    return Response(b"".join(array.tobytes() for array in arrays), media_type="application/octet-stream")
