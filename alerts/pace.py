"""How fast a responder may go: what the chat allows, and what patience it takes when it is down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Timing:
    """Every wait of the delivery; gaps are seconds between two calls of a kind.

    Slack takes one message a second and channel, and gives no guarantee to show what comes faster
    in bursts; updates and reads have 50 a minute. https://docs.slack.dev/apis/web-api/rate-limits
    """

    lease: timedelta = timedelta(seconds=60)  # longer by far than any call can take
    grace: timedelta = timedelta(seconds=30)  # between two looks that prove an absence
    patience: timedelta = timedelta(seconds=120)  # of a drain in which nothing moves
    post_gap: float = 1.1
    update_gap: float = 1.5
    look_gap: float = 1.5
    poll: float = 2.0  # seconds between two questions to an idle outbox
    turn: float = 10.0  # seconds after which a channel asks again what is most urgent


class Pacer:
    """Keeps calls of one kind apart, and whole channels silent when the chat asks for it."""

    def __init__(self, stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}
        self._paused: dict[str, float] = {}

    def wait(self, kind: str, gap: float) -> bool:
        """Wait for this call's turn; ``False`` if the responder is to stop instead."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(kind, now))
            self._free_at[kind] = turn + gap
        return not self._stop.wait(turn - now)

    def pause(self, channel: str, seconds: float) -> None:
        with self._lock:
            until = self._clock() + seconds
            self._paused[channel] = max(self._paused.get(channel, 0.0), until)

    def is_paused(self, channel: str) -> bool:
        return channel in self.paused()

    def paused(self) -> set[str]:
        """The channels that are silent now."""
        with self._lock:
            now = self._clock()
            return {channel for channel, until in self._paused.items() if now < until}


class Breaker:
    """Opens when the chat fails call after call, so that an outage costs few attempts."""

    FAILURES = 3
    FIRST_WAIT = 2.0
    LONGEST_WAIT = 30.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opens_until = 0.0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if (beyond := self._failures - self.FAILURES) >= 0:
                wait = min(self.FIRST_WAIT * 2 ** min(beyond, 10), self.LONGEST_WAIT)
                self._opens_until = self._clock() + wait

    def answered(self) -> None:
        with self._lock:
            self._failures = 0
            self._opens_until = 0.0

    def is_open(self) -> bool:
        with self._lock:
            return self._clock() < self._opens_until
