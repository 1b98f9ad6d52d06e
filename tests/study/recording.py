"""A wire tap: passes bytes between a browser and a server, and keeps all that the server sends."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit


@contextlib.contextmanager
def recording(address):
    """Yields the address to use instead, and the list of all bytes that came back, in pieces."""
    crossed, stopped = [], threading.Event()
    target = urlsplit(address)

    def pass_on(source, sink, keep):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                if keep is not None:
                    keep.append(piece)
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept():
        while not stopped.is_set():
            with contextlib.suppress(OSError):
                browser, _ = door.accept()
                server = socket.create_connection((target.hostname, target.port))
                kept = []
                streams.append(kept)
                for source, sink, keep in ((browser, server, None), (server, browser, kept)):
                    threading.Thread(target=pass_on, args=(source, sink, keep), daemon=True).start()

    streams = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}", crossed
        stopped.set()
    crossed += [b"".join(kept) for kept in streams]
