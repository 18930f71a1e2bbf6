"""One step of one alert on its way into the chat. docs/alerts.md has the protocol as a table.

The attempt is on record before the network is touched and its end afterwards, both by
compare-and-set. Whoever dies in between leaves a ``posting`` behind, of which the next one knows
only that it may have worked: it reads the channel, and posts again only what is proved absent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from alerts import states
from alerts.messenger import Look, Messenger, NotSeen, NotSent, Outcome, Refused, Sent, Sighting
from alerts.pace import Timing
from alerts.render import Case, Manner, Message, outbound
from mentions.counts import Counts
from mentions.errors import ConfigError, TransientError
from mentions.failpoints import failpoint
from mentions.model import GONE, Alert, DeliveryState
from mentions.store.alerts import AlertStore, StoredAlert
from mentions.store.mentions import MentionStore

ROUNDS = 5  # how often a record that lost a race is read and written again
CLOCK_SKEW = timedelta(seconds=120)  # between us and the chat, whose timestamps bound a look
MAX_REASON = 200
LOOK_AGAIN = 10.0  # seconds after a channel could not be read

log = structlog.get_logger()
Change = Callable[[Alert], Alert]


class Courier:
    """Delivers what it is given; when, and how fast, is decided elsewhere."""

    def __init__(
        self,
        outbox: AlertStore,
        mentions: MentionStore,
        messenger: Messenger,
        manner: Callable[[str], Manner],
        *,
        timing: Timing,
        clock: Callable[[], datetime],
    ) -> None:
        self._outbox = outbox
        self._mentions = mentions
        self._messenger = messenger
        self._manner = manner
        self._timing = timing
        self._clock = clock

    def deliver(self, stored: StoredAlert) -> tuple[str, Outcome | None]:
        """Post the alert, or update its message; what became of it, and what the chat said."""
        message = self._message(stored.alert)
        if message is None:
            return self._close(stored), None
        failpoint("respond-before-posting")
        attempt, now = uuid4().hex, self._clock()
        claim = self._outbox.replace(
            stored,
            states.claimed(stored.alert, attempt_id=attempt, now=now, lease=self._timing.lease),
        )
        if claim is None:
            return "conflict", None
        failpoint("respond-after-posting")
        if self._clock() - now > self._timing.lease / 2:
            # We were stopped in between, and another responder may be about to take over.
            return "late", None
        try:
            outcome = self._send(claim.alert, message, attempt)
        except ConfigError as error:
            self._settle(claim, message, NotSent(f"credentials refused: {error}"[:MAX_REASON]))
            raise
        if isinstance(outcome, Sent):
            failpoint("respond-after-accept")
        return self._settle(claim, message, outcome), outcome

    def _message(self, alert: Alert) -> Message | None:
        """Rendered now, from the mention as it is now; ``None`` if there is none any more."""
        stored = self._mentions.get([alert.id]).get(alert.id)
        if stored is None:
            return None
        case = Case(alert, stored.mention, stored.analysis, stored.decision)
        message = outbound(case, self._manner(alert.brand))
        # Once only: a decision that does not come must not keep the outbox from being empty.
        is_again = alert.delivery.error == states.UNDECIDED
        return replace(message, is_early=False) if is_again else message

    def _send(self, alert: Alert, message: Message, attempt: str) -> Outcome:
        if alert.ts and alert.channel_id:
            return self._messenger.update(alert.channel_id, alert.ts, message, attempt)
        return self._messenger.post(alert.channel, message, attempt)

    def _settle(self, claim: StoredAlert, message: Message, outcome: Outcome) -> str:
        now, is_update = self._clock(), bool(claim.alert.ts)
        if isinstance(outcome, Sent):
            done = "updated" if is_update else "posted"
            result = self._record(claim, done, lambda a: _shown(a, message, outcome, now))
            failpoint("respond-after-sent")
            return result
        reason = outcome.reason
        if isinstance(outcome, Refused):
            log.error("slack refuses the alert", alert=claim.id, reason=reason)
            return self._record(claim, "dead", lambda a: states.dead(a, reason=reason, now=now))
        if isinstance(outcome, NotSent) or is_update:
            wished = outcome.retry_after if isinstance(outcome, NotSent) else None
            wait = states.backoff(claim.alert) if wished is None else timedelta(seconds=wished)
            return self._record(
                claim, "postponed", lambda a: states.postponed(a, reason=reason, until=now + wait)
            )
        log.warning("outcome unknown, the channel will be read", alert=claim.id, reason=reason)
        return self._record(claim, "unknown", lambda a: states.doubtful(a, reason=reason, now=now))

    def reconcile(self, channel: str, doubtful: Sequence[StoredAlert]) -> Counts:
        """Read the channel once for all alerts of which nobody knows whether they arrived."""
        began = self._clock()
        look = self._messenger.look(channel, _since(doubtful))
        if isinstance(look, NotSeen):
            return self._look_later(doubtful, look)
        counts = Counts()
        for stored in doubtful:
            counts[self._conclude(stored, look, began)] += 1
            counts["duplicate"] += max(0, len(look.of(stored.id)) - 1)
        return counts

    def _conclude(self, stored: StoredAlert, look: Look, began: datetime) -> str:
        if found := look.of(stored.id):
            return self._adopt(stored, found)
        first, now, grace = stored.alert.delivery.checked_at, self._clock(), self._timing.grace
        if first is not None and began - first >= grace:
            return self._change(stored, "absent", states.disproved(stored.alert, now=now))
        return self._change(stored, "looked", states.looked(stored.alert, now=now, grace=grace))

    def _adopt(self, stored: StoredAlert, found: Sequence[Sighting]) -> str:
        """It had arrived. Of several, the earliest is the one that people have seen first."""
        if len(found) > 1:
            log.error("an alert stands in its channel twice", alert=stored.id, times=len(found))
        first = found[0]
        there = states.sent(
            stored.alert,
            channel_id=first.channel_id,
            ts=first.ts,
            revision=first.revision,
            now=self._clock(),
        )
        return self._change(stored, "found", there)

    def _look_later(self, doubtful: Sequence[StoredAlert], look: NotSeen) -> Counts:
        log.warning("channel cannot be read", reason=look.reason, alerts=len(doubtful))
        until = self._clock() + timedelta(seconds=look.retry_after or LOOK_AGAIN)
        counts = Counts()
        for stored in doubtful:
            later = stored.alert.model_copy(update={"next_action_at": until})
            written = self._outbox.replace(stored, later)
            counts["conflict" if written is None else "unread"] += 1
        return counts

    def _close(self, stored: StoredAlert) -> str:
        """Its mention was erased: what was never shown must not be shown now."""
        reason, now = GONE, self._clock()
        if stored.alert.ts is None:
            return self._change(stored, "gone", states.dead(stored.alert, reason=reason, now=now))
        revision = stored.alert.revision
        shown = {"channel_id": stored.alert.channel_id or "", "ts": stored.alert.ts}
        closed = states.sent(stored.alert, revision=revision, now=now, **shown)
        return self._change(stored, "gone", closed)

    def _change(self, stored: StoredAlert, done: str, new: Alert) -> str:
        written = self._outbox.replace(stored, new)
        if written is None:
            return "conflict"
        self._note(written, done)
        return done

    def _record(self, claim: StoredAlert, done: str, change: Change) -> str:
        """Write the end of our own attempt, also over a revision that was raised meanwhile."""
        current: StoredAlert | None = claim
        for _ in range(ROUNDS):
            if current is None or not _is_same_attempt(current.alert, claim.alert):
                log.error("another responder took over a running attempt", alert=claim.id)
                return "overtaken"
            if written := self._outbox.replace(current, change(current.alert)):
                self._note(written, done)
                return done
            current = self._outbox.get(claim.id)
        raise TransientError(f"alert {claim.id} changes faster than it can be written")

    def _note(self, written: StoredAlert, kind: str) -> None:
        delivery = written.alert.delivery
        facts = {
            "state": str(delivery.state),
            "revision": written.alert.revision,
            "attempt": delivery.attempt,
            "attempt_id": delivery.attempt_id,
            "ts": written.alert.ts,
            "error": delivery.error,
        }
        known = {name: fact for name, fact in facts.items() if fact is not None}
        self._outbox.event(written.id, written.seq_no, kind, known)


def _shown(alert: Alert, message: Message, place: Sent, now: datetime) -> Alert:
    there = states.sent(
        alert, channel_id=place.channel_id, ts=place.ts, revision=message.revision, now=now
    )
    return states.shown_early(there, now=now) if message.is_early else there


def is_doubtful(alert: Alert) -> bool:
    """Whether the channel must be read before anything is posted."""
    state = alert.delivery.state
    abandoned = state is DeliveryState.POSTING and alert.ts is None
    return abandoned or state is DeliveryState.UNKNOWN


def _is_same_attempt(current: Alert, claim: Alert) -> bool:
    delivery = current.delivery
    return (
        delivery.state is DeliveryState.POSTING and delivery.attempt_id == claim.delivery.attempt_id
    )


def _since(doubtful: Sequence[StoredAlert]) -> datetime:
    """A message of an attempt before the last could show late: then look from the beginning."""
    starts = [
        s.alert.delivery.started_at
        if s.alert.delivery.attempt == 1 and s.alert.delivery.started_at
        else s.alert.created_at
        for s in doubtful
    ]
    return min(starts) - CLOCK_SKEW
