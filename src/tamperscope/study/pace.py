"""How many requests one address may send: far more than readers need, far fewer than a flood."""

from __future__ import annotations

import threading
import time

RATE, BURST = 100.0, 2000.0
"""Requests a second in the long run, and at once. Opening a page takes some thirty."""
MOST_ADDRESSES = 10_000


class Pace:
    """A token bucket for each address, by the monotonic clock."""

    def __init__(self, rate: float = RATE, burst: float = BURST):
        self.rate, self.burst = rate, burst
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Whether one more request may be answered now.

        >>> pace = Pace(rate=0, burst=2)
        >>> [pace.allows("a"), pace.allows("a"), pace.allows("a"), pace.allows("b")]
        [True, True, False, True]
        """
        with self._lock:
            now = time.monotonic()
            left, at = self._buckets.pop(address, (self.burst, now))
            left = min(self.burst, left + self.rate * (now - at))
            self._buckets[address] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > MOST_ADDRESSES:
                self._buckets.pop(next(iter(self._buckets)))
            return left >= 1
