"""The stage that decides: for each judged mention one action, and an alert where one is due.

Alerts come first and their decisions after them: dying in between leaves mentions undecided, whose
alerts are found to exist when they are decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from alerts import policy, states
from mentions.counts import Counts
from mentions.errors import TransientError
from mentions.failpoints import failpoint
from mentions.model import Action, Alert, Analysis, Decision, DeliveryState, Reason
from mentions.settings import Settings
from mentions.store import Store
from mentions.store.mentions import StoredMention

ROUNDS = 5  # how often an alert that changes under our hands is read and raised again
OUTCOMES = ("decided", *map(str, Action), "conflict", "rejected")

Pair = tuple[StoredMention, Decision]


class Decider:
    """Decides what is undecided in one store."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    def decide(self, *, limit: int | None = None, dry_run: bool = False) -> Counts:
        """Counts by action, of what was decided; ``dry_run`` writes nothing."""
        counts = Counts(dict.fromkeys(OUTCOMES, 0))
        for batch in self._undecided(limit):
            pairs = [(stored, self._decision(stored)) for stored in batch]
            if dry_run:
                counts.update(decision.action for _, decision in pairs)
                counts["decided"] += len(pairs)
                continue
            self._tell(pairs)
            for action in Action:
                self._record(action, [pair for pair in pairs if pair[1].action is action], counts)
        return counts

    def _undecided(self, limit: int | None) -> Iterator[list[StoredMention]]:
        left = limit
        for batch in self._store.mentions.undecided():
            taken = batch if left is None else batch[:left]
            if taken:
                yield taken
            if left is not None:
                left -= len(taken)
                if left <= 0:
                    return

    def _decision(self, stored: StoredMention) -> Decision:
        """An alert of a brand that is no longer watched has no channel, and goes to a person."""
        decision = policy.decide(
            stored.mention,
            _analysis(stored),
            max_age=self._settings.alerts.max_age,
            now=self._clock(),
        )
        if decision.action is Action.ALERT and stored.mention.brand not in self._settings.brands:
            return decision.model_copy(update={"action": Action.REVIEW, "reason": Reason.URGENT})
        return decision

    def _tell(self, pairs: Sequence[Pair]) -> None:
        """Lay out an alert for whatever needs one, all of them before any decision is stored."""
        urgent = [stored for stored, decision in pairs if decision.action is Action.ALERT]
        failpoint("decide-before-alert")
        created = self._store.alerts.create_all([self._alert(stored) for stored in urgent])
        failpoint("decide-after-alert")
        known = {stored.id for stored in urgent} - created
        for stored, decision in pairs:
            # Whoever was told of the post before it changed sees the change, urgent or not.
            is_edited = decision.action is not Action.ALERT and stored.mention.revision > 1
            if is_edited or stored.id in known:
                self._raise_revision(stored)

    def _alert(self, stored: StoredMention) -> Alert:
        mention, now = stored.mention, self._clock()
        return Alert(
            members=(mention.id,),
            revision=mention.revision,
            brand=mention.brand,
            channel=self._settings.brands[mention.brand].channel,
            urgency=_analysis(stored).urgency,
            created_at=now,
            next_action_at=now,
        )

    def _raise_revision(self, stored: StoredMention) -> None:
        """Let the alert that exists, if any, follow the text; nothing if it does already."""
        for _ in range(ROUNDS):
            known = self._store.alerts.get(stored.id)
            if known is None or known.alert.revision >= stored.mention.revision:
                return
            if self._store.alerts.replace(known, self._raised(known.alert, stored)):
                return
        raise TransientError(f"alert {stored.id} changes faster than it can be written")

    def _raised(self, alert: Alert, stored: StoredMention) -> Alert:
        now, brand = self._clock(), self._settings.brands.get(stored.mention.brand)
        if alert.delivery.state is DeliveryState.DEAD and brand:
            alert = states.revived(alert, channel=brand.channel, now=now)
        urgency = _analysis(stored).urgency
        return states.raised(alert, revision=stored.mention.revision, urgency=urgency, now=now)

    def _record(self, action: Action, pairs: Sequence[Pair], counts: Counts) -> None:
        if pairs:
            outcome = self._store.mentions.set_decision(pairs)
            counts[action] += outcome["decided"]
            counts.update(outcome)


def _analysis(stored: StoredMention) -> Analysis:
    assert stored.analysis is not None, "the store hands out only what is judged"
    return stored.analysis
