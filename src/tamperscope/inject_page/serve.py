"""Serve the page on this machine alone, and open the browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.inject_page.desk import Desk

HOST = "127.0.0.1"


def serve(files: Sequence[Path], out: Path, *, browser: bool, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C.

    Args:
        files: the images that the page may open.
        out: folder of what is saved.
        browser: open the page in the person's browser.
        tell: is given the page's address.

    Raises:
        TamperscopeError: the extra ``gui`` is not installed.
    """
    try:
        import uvicorn

        from tamperscope.inject_page.app import make_app
    except ImportError as error:
        raise TamperscopeError("the page needs a small server: pip install 'tamperscope[gui]'.") from error
    token = secrets.token_urlsafe(24)
    app = make_app(Desk(files, out, Injector.load()), token)
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        address = f"http://{HOST}:{listener.getsockname()[1]}/{token}/"
        tell(address)
        if browser:
            webbrowser.open(address)
        # The token is in every address: the log stays silent.
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        server.run(sockets=[listener])
