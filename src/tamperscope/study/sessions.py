"""Who is signed in: sessions in the database, which end by themselves; and how often a password may be tried."""

from __future__ import annotations

import hmac
import threading
import time
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from tamperscope.study.database import reading
from tamperscope.study.passwords import new_token, token_hash
from tamperscope.study.store import Store
from tamperscope.study.tables import session

TRIES, TRY_WINDOW = 5, 15 * 60  # s


@dataclass(frozen=True)
class Session:
    """A signed-in reader, or the operator (``reader_id`` None)."""

    reader_id: str | None
    csrf: str


def begin(store: Store, reader_id: str | None) -> str:
    """Start a session; returns the token for the cookie."""
    token, now = new_token(), time.time()
    with store.engine.begin() as connection:
        connection.execute(delete(session).where(session.c.created < now - 3600 * store.config.session_hours))
        row = {"token_hash": token_hash(token), "reader_id": reader_id, "csrf": new_token()}
        connection.execute(insert(session), row | {"created": now, "seen": now})
    return token


def find(store: Store, token: str | None) -> Session | None:
    """The session of a cookie, if it is one and not over."""
    if not token:
        return None
    now = time.time()
    with reading(store.engine) as connection:
        row = connection.execute(select(session).where(session.c.token_hash == token_hash(token))).first()
    if row is None:
        return None
    if now > row.created + 3600 * store.config.session_hours or now > row.seen + 60 * store.config.idle_minutes:
        return None
    if now > row.seen + 60:
        with store.engine.begin() as connection:
            seen = update(session).where(session.c.token_hash == row.token_hash).values(seen=now)
            connection.execute(seen)
    return Session(row.reader_id, row.csrf)


def end(store: Store, token: str | None) -> None:
    """Forget a session."""
    if token:
        with store.engine.begin() as connection:
            connection.execute(delete(session).where(session.c.token_hash == token_hash(token)))


def same(first: str | None, second: str | None) -> bool:
    """Compare secrets in a time that doesn't depend on where they differ."""
    return bool(first) and hmac.compare_digest((first or "").encode(), (second or "").encode())


class TryLimit:
    """Failed tries by name within a window, by the monotonic clock."""

    def __init__(self, tries: int = TRIES, window: float = TRY_WINDOW):
        self.tries, self.window = tries, window
        self._failed: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def start(self, name: str) -> float:
        """Count a try before it is made, so that many at once don't slip through.

        Returns:
            0 if it may be made, otherwise the seconds to wait.
        """
        with self._lock:
            now = time.monotonic()
            failed = [at for at in self._failed.get(name, []) if at > now - self.window]
            if len(failed) >= self.tries:
                self._failed[name] = failed
                return failed[0] + self.window - now
            self._failed[name] = [*failed, now]
            if len(self._failed) > 10_000:  # names come from strangers
                self._failed.pop(next(iter(self._failed)))
            return 0.0

    def forget(self, name: str) -> None:
        """A right password clears the count."""
        with self._lock:
            self._failed.pop(name, None)
