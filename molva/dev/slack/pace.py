"""How fast the local Slack takes calls: one message a second per channel, tiers for the rest.

https://docs.slack.dev/apis/web-api/rate-limits says the tiers; it promises "short bursts" for
messages without a number, so the burst here is our guess.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# Calls a minute, per method and app. What is not listed is not limited here.
TIERS = {
    "chat.update": 50,
    "chat.delete": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.info": 50,
    "conversations.list": 20,
}
WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The limits. ``per_second`` and ``burst`` are for messages to one channel; 0 is no limit.

    ``page`` caps what history and replies return at once: 15 for an app that is sold outside
    Slack's marketplace, together with ``per_minute={"conversations.history": 1, ...}``.
    """

    per_second: float = 1.0
    burst: int = 3
    per_minute: Mapping[str, int] = field(default_factory=lambda: dict(TIERS))
    page: int = 999


UNLIMITED = Pace(per_second=0, per_minute={})


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class PaceKeeper:
    """Says of each call whether it comes too early, and by how much."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self.pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def wait_for(self, method: str, app: str, channel: str | None) -> int:
        """Seconds until this call would be taken (Retry-After); 0 if it is taken now."""
        with self._lock:
            wait = 0.0
            if method == "chat.postMessage" and channel and self.pace.per_second:
                wait = self._message(channel)
            wait = wait or self._method(method, app)
            return max(1, math.ceil(wait)) if wait > 0 else 0

    def _message(self, channel: str) -> float:
        now = self._clock()
        bucket = self._buckets.setdefault(channel, _Bucket(self.pace.burst, now))
        gained = max(0.0, now - bucket.filled_at) * self.pace.per_second
        bucket.tokens = min(float(self.pace.burst), bucket.tokens + gained)
        bucket.filled_at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self.pace.per_second
        bucket.tokens -= 1
        return 0.0

    def _method(self, method: str, app: str) -> float:
        allowed = self.pace.per_minute.get(method)
        if allowed is None:
            return 0.0
        now = self._clock()
        calls = self._calls.setdefault((method, app), deque())
        while calls and not 0 <= now - calls[0] < WINDOW:
            calls.popleft()
        if len(calls) >= allowed:
            return WINDOW - (now - calls[0]) if calls else WINDOW
        calls.append(now)
        return 0.0
