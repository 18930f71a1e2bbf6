"""The long-lived service that brings the outbox into the chat, one lane per channel.

Channels do not wait for each other; within one, doubts are cleared first, then the most urgent and
newest alert goes first. The order is asked for anew every few seconds, so that a critical post
overtakes a backlog. Nothing is remembered between two rounds but pace and pauses: whatever must
survive a crash is in the outbox.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import structlog

from alerts import states
from alerts.messenger import Messenger, NotSent, Outcome, Unknown
from alerts.outbox import Courier, is_doubtful
from alerts.pace import Breaker, Pacer, Timing
from alerts.render import Manner
from mentions.counts import Counts
from mentions.errors import TransientError
from mentions.model import GONE, Alert, DeliveryState, Urgency
from mentions.settings import Settings
from mentions.store import Store
from mentions.store.alerts import StoredAlert

LANES = 8  # channels served at the same time
SCAN = 2_000  # alerts looked at in one round
LONGEST_STORE_WAIT = 30.0
LEVELS = list(Urgency)
OUTCOMES = ("posted", "updated", "found", "postponed", "unknown", "dead", "gone")
# What brings an alert nearer to its end; the rest is waiting.
PROGRESS = frozenset({"posted", "updated", "found", "dead", "gone", "looked", "absent"})

log = structlog.get_logger()


class Responder:
    """Serves until told to stop, or drains the outbox."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        settings: Settings,
        *,
        timing: Timing | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._outbox = store.alerts
        self._timing = timing or Timing()
        self._stop = stop or threading.Event()
        self._pacer = Pacer(self._stop)
        self._breaker = Breaker()
        self._lanes: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._counts = Counts(dict.fromkeys(OUTCOMES, 0))
        self._courier = Courier(
            store.alerts,
            store.mentions,
            messenger,
            _manners(settings),
            timing=self._timing,
            clock=_now,
        )

    def drain(self) -> None:
        """Raises ``TransientError`` if nothing moved for as long as the patience lasts."""
        progress, moved_at = 0, time.monotonic()
        with ThreadPoolExecutor(LANES, thread_name_prefix="lane") as pool:
            while not self._stop.is_set():
                self._start_lanes(pool)
                if not self._lanes:
                    if not (waiting := self._outbox.pending(1)):
                        return
                    self._give_up_if_stuck(waiting[0].alert, time.monotonic() - moved_at)
                self._wait()
                if (done := self._progress()) != progress:
                    progress, moved_at = done, time.monotonic()
        raise TransientError("stopped before the outbox was empty; the rest stays in it")

    def serve(self) -> None:
        """Outlives an outage of the store or of the chat; alerts wait in the outbox."""
        store_wait = 1.0
        with ThreadPoolExecutor(LANES, thread_name_prefix="lane") as pool:
            while not self._stop.is_set():
                try:
                    self._start_lanes(pool)
                    self._wait()
                except TransientError as error:
                    log.warning("store is down, waiting", seconds=store_wait, error=str(error))
                    self._stop.wait(store_wait)
                    store_wait = min(store_wait * 2, LONGEST_STORE_WAIT)
                else:
                    store_wait = 1.0

    @property
    def counts(self) -> Counts:
        """What has been done so far, also when it ended in an error."""
        with self._lock:
            return Counts(self._counts)

    def _start_lanes(self, pool: ThreadPoolExecutor) -> None:
        """Give each channel that is idle its work."""
        if self._breaker.is_open():
            return
        for channel, batch in self._due().items():
            self._lanes[channel] = pool.submit(self._serve_channel, channel, batch)

    def _wait(self) -> None:
        """Until a lane is through, or a while is over; what stopped a lane stops us."""
        if self._lanes:
            wait(self._lanes.values(), timeout=self._timing.poll, return_when=FIRST_COMPLETED)
        else:
            self._stop.wait(self._timing.poll)
        for channel in [name for name, lane in self._lanes.items() if lane.done()]:
            self._lanes.pop(channel).result()

    def _due(self) -> dict[str, list[StoredAlert]]:
        """The work of every channel that is neither busy nor paused."""
        # Left out in the question already: a long queue behind one pause would fill the answer.
        held = self._lanes.keys() | self._pacer.paused()
        batches: dict[str, list[StoredAlert]] = defaultdict(list)
        for stored in self._outbox.due(SCAN, without=held):
            batches[stored.alert.channel].append(stored)
        return batches

    def _serve_channel(self, channel: str, batch: list[StoredAlert]) -> None:
        doubtful = [stored for stored in batch if is_doubtful(stored.alert)]
        if doubtful and self._pacer.wait("look", self._timing.look_gap):
            self._count(self._courier.reconcile(channel, doubtful))
        certain = (stored for stored in batch if not is_doubtful(stored.alert))
        over = time.monotonic() + self._timing.turn
        for stored in sorted(certain, key=lambda s: _precedence(s.alert)):
            held_up = self._breaker.is_open() or self._pacer.is_paused(channel)
            if held_up or time.monotonic() > over or not self._is_its_turn(stored.alert):
                break
            done, outcome = self._courier.deliver(stored)
            self._count({done: 1})
            self._learn(channel, outcome)

    def _count(self, done: Mapping[str, int]) -> None:
        with self._lock:
            self._counts.update(done)

    def _is_its_turn(self, alert: Alert) -> bool:
        """Wait for the pace; ``False`` if the responder is to stop."""
        if alert.ts:
            return self._pacer.wait("update", self._timing.update_gap)
        return self._pacer.wait(f"post {alert.channel}", self._timing.post_gap)

    def _learn(self, channel: str, outcome: Outcome | None) -> None:
        """A 429 silences its channel; anything without a word from the chat is an outage."""
        if isinstance(outcome, NotSent) and outcome.retry_after:
            self._pacer.pause(channel, outcome.retry_after)
        if isinstance(outcome, Unknown) or (
            isinstance(outcome, NotSent) and outcome.retry_after is None
        ):
            self._breaker.failed()
        elif outcome is not None:
            self._breaker.answered()

    def _progress(self) -> int:
        return sum(count for name, count in self.counts.items() if name in PROGRESS)

    def _give_up_if_stuck(self, first: Alert, idle: float) -> None:
        """At once if the next step is too far away; an attempt of another responder is not."""
        left = self._timing.patience - timedelta(seconds=idle)
        is_under_way = first.delivery.state is DeliveryState.POSTING
        if left <= timedelta(0) or (first.next_action_at - _now() > left and not is_under_way):
            raise TransientError(
                f"alerts wait in the outbox and nothing moves (first: {first.delivery.state}, "
                f"{first.delivery.error or 'no error'}); they go out when the chat answers again"
            )


def revive(store: Store, settings: Settings) -> Counts:
    """Give every dead alert another life, in the channel that its brand has today."""
    counts = Counts(revived=0)
    for stored in store.alerts.in_state(DeliveryState.DEAD):
        brand = settings.brands.get(stored.alert.brand)
        if brand is None or stored.alert.delivery.error == GONE:
            continue
        life = states.revived(stored.alert, channel=brand.channel, now=_now())
        counts["revived"] += store.alerts.replace(stored, life) is not None
    return counts


def _manners(settings: Settings) -> Callable[[str], Manner]:
    def manner(brand_id: str) -> Manner:
        brand = settings.brands.get(brand_id)
        return Manner(
            brand=brand.name if brand else brand_id,
            language=settings.alerts.language,
            privacy=settings.alerts.privacy,
        )

    return manner


def _precedence(alert: Alert) -> tuple[int, int, float]:
    """What nobody has seen before what is only to be updated; critical first, then the newest."""
    return (
        1 if alert.ts else 0,
        -LEVELS.index(alert.urgency),
        -alert.created_at.timestamp(),
    )


def _now() -> datetime:
    return datetime.now(UTC)
