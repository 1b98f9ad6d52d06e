"""The pages: signing in and out, the reader's overview, a case, the operator's page; and the static files."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tamperscope.study import sessions
from tamperscope.study.passwords import new_token, right_password
from tamperscope.study.requests import COOKIE, bounded, same_origin, signed_in, store_of

router = APIRouter()
SIGN_IN_COOKIE = "signing-in"
HEADINGS = {401: "Please sign in", 403: "Not open to you", 404: "Not found", 413: "Too large", 429: "Too many tries"}
_WEB = files("tamperscope.study").joinpath("web")
_TEMPLATES = Environment(
    loader=FileSystemLoader(str(_WEB.joinpath("templates"))), autoescape=True, undefined=StrictUndefined
)


def _page(request: Request, template: str, status: int = 200, headers: Any = None, **said: Any) -> HTMLResponse:
    title = store_of(request).config.title
    return HTMLResponse(_TEMPLATES.get_template(f"{template}.html.j2").render(title=title, **said), status, headers)


def message(request: Request, status: int, words: str, headers: Any = None) -> Response:
    """A page that says one thing."""
    heading = HEADINGS.get(status, "This did not work")
    if status == 401:
        words = "Open the personal link that you were given, and sign in with your password."
    return _page(request, "message", status, headers, heading=heading, words=words)


@router.get("/")
def start() -> Response:
    """To the overview."""
    return RedirectResponse("/study", 303)


@router.get("/r/{link}")
def sign_in_page(request: Request, link: str) -> Response:
    """A reader's own sign-in page."""
    return _sign_in_page(request, _reader(request, link))


@router.post("/r/{link}")
async def sign_in(request: Request, link: str) -> Response:
    """Sign a reader in."""
    reader = _reader(request, link)
    return await _sign_in(request, reader, reader.password_hash, reader.id, "/study")


@router.get("/operator/sign-in")
def operator_sign_in_page(request: Request) -> Response:
    """The operator's sign-in page."""
    return _sign_in_page(request, None)


@router.post("/operator/sign-in")
async def operator_sign_in(request: Request) -> Response:
    """Sign the operator in."""
    return await _sign_in(request, None, store_of(request).operator_password, None, "/operator")


def _reader(request: Request, link: str) -> Any:
    for reader in store_of(request).readers.values():
        if sessions.same(reader.link, link):
            return reader
    raise HTTPException(404)


def _sign_in_page(request: Request, reader: Any, error: str = "", status: int = 200, wait: float = 0) -> Response:
    csrf = new_token()
    name = None if reader is None else reader.name + (" (simulated)" if reader.simulated else "")
    headers = {"Retry-After": str(int(wait) + 1)} if wait else None
    page = _page(request, "sign_in", status, headers, action=request.url.path, csrf=csrf, error=error, reader=name)
    _set_cookie(request, page, SIGN_IN_COOKIE, csrf)
    return page


async def _sign_in(request: Request, reader: Any, hashed: str, reader_id: str | None, to: str) -> Response:
    same_origin(request)
    form = await _form(request)
    password = form.get("password", [""])[0]
    if not sessions.same(form.get("csrf", [""])[0], request.cookies.get(SIGN_IN_COOKIE)):
        return _sign_in_page(request, reader, "The page was too old. Please try again.", 403)
    limit: sessions.TryLimit = request.app.state.limit
    name = reader_id or "the operator"
    if wait := limit.start(name):
        return _sign_in_page(request, reader, f"Too many tries. Wait {int(wait / 60) + 1} minutes.", 429, wait)
    if not await run_in_threadpool(right_password, hashed, password[:200]):
        return _sign_in_page(request, reader, "That is not the password.", 403)
    limit.forget(name)
    token = await run_in_threadpool(sessions.begin, store_of(request), reader_id)
    answer = RedirectResponse(to, 303)
    _set_cookie(request, answer, COOKIE, token)
    answer.delete_cookie(SIGN_IN_COOKIE, path="/")
    return answer


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await bounded(request)).decode("utf-8", "replace"))


def _set_cookie(request: Request, answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, path="/", httponly=True, samesite="strict", secure=request.app.state.secure)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    same_origin(request)
    token = request.cookies.get(COOKIE)
    session = await run_in_threadpool(sessions.find, store_of(request), token)
    form = await _form(request)
    if session and not sessions.same(form.get("csrf", [""])[0], session.csrf):
        raise HTTPException(403)
    await run_in_threadpool(sessions.end, store_of(request), token)
    answer = message(request, 200, "What you have done is saved. You can close this page.")
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.get("/study")
def home(request: Request) -> Response:
    """The reader's overview."""
    session = signed_in(request)
    if session.reader_id is None:
        return RedirectResponse("/operator", 303)
    return _page(request, "home", csrf=session.csrf)


@router.get("/study/case/{case_id}")
def case_page(request: Request, case_id: str) -> Response:
    """A case's page: the same for all, filled by its scripts."""
    session = signed_in(request)
    case = store_of(request).cases.get(case_id)
    if case is None or case.reader_id != session.reader_id:
        raise HTTPException(403)
    return _page(request, "case", case_id=case_id)


@router.get("/operator")
def operator_page(request: Request) -> Response:
    """The operator's page."""
    session = sessions.find(store_of(request), request.cookies.get(COOKIE))
    if session is None:
        return RedirectResponse("/operator/sign-in", 303)
    if session.reader_id is not None:
        raise HTTPException(403)
    return _page(request, "operator", csrf=session.csrf)


@lru_cache
def _static() -> dict[str, tuple[bytes, str, str]]:
    """Name to content, type and tag; names that are not among these are not served."""
    found = {}
    for file in _WEB.joinpath("static").iterdir():
        content = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        if file.name.endswith(".js"):
            kind = "text/javascript"
        found[file.name] = (content, kind, f'"{hashlib.sha256(content).hexdigest()[:24]}"')
    return found


@router.get("/static/{name}")
def static(request: Request, name: str) -> Response:
    """A script, a style sheet or the icon."""
    if name not in _static():
        raise HTTPException(404)
    content, kind, tag = _static()[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)
