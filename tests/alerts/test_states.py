"""The table of the delivery's states, transition by transition."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts import states
from alerts.outbox import is_doubtful
from mentions.model import Alert, Delivery, DeliveryState, Urgency
from mentions.store.alerts import is_pending
from tests.alerts.samples import NOW, alert

LEASE = timedelta(seconds=60)
GRACE = timedelta(seconds=30)
LATER = NOW + timedelta(minutes=5)

CLAIMED = states.claimed(alert(), attempt_id="a1", now=NOW, lease=LEASE)
SENT = states.sent(CLAIMED, channel_id="C0000001", ts="1.0", revision=1, now=NOW)
BEHIND = states.raised(SENT, revision=2, urgency=Urgency.CRITICAL, now=LATER)
UPDATING = states.claimed(BEHIND, attempt_id="a2", now=LATER, lease=LEASE)
UNKNOWN = states.doubtful(CLAIMED, reason="reset", now=NOW)
LOOKED = states.looked(UNKNOWN, now=NOW, grace=GRACE)


@pytest.mark.parametrize(
    ("made", "state", "pending", "doubtful"),
    [
        (alert(), DeliveryState.NEW, True, False),
        (CLAIMED, DeliveryState.POSTING, True, True),
        (SENT, DeliveryState.SENT, False, False),
        (BEHIND, DeliveryState.SENT, True, False),
        (UPDATING, DeliveryState.POSTING, True, False),
        (UNKNOWN, DeliveryState.UNKNOWN, True, True),
        (LOOKED, DeliveryState.UNKNOWN, True, True),
        (states.disproved(LOOKED, now=LATER), DeliveryState.NEW, True, False),
        (states.postponed(CLAIMED, reason="429", until=LATER), DeliveryState.NEW, True, False),
        (states.postponed(UPDATING, reason="429", until=LATER), DeliveryState.SENT, True, False),
        (states.dead(CLAIMED, reason="is_archived", now=NOW), DeliveryState.DEAD, False, False),
    ],
)
def test_each_state_says_what_is_left_to_do(
    made: Alert, state: DeliveryState, pending: bool, doubtful: bool
) -> None:
    assert made.delivery.state is state
    assert is_pending(made) is pending
    assert is_doubtful(made) is doubtful


def test_an_attempt_is_on_record_with_the_end_of_its_lease() -> None:
    delivery = CLAIMED.delivery
    assert (delivery.attempt, delivery.attempt_id, delivery.started_at) == (1, "a1", NOW)
    assert CLAIMED.next_action_at == NOW + LEASE


def test_the_first_look_starts_the_grace_and_the_second_does_not_move_it() -> None:
    assert (LOOKED.delivery.checked_at, LOOKED.next_action_at) == (NOW, NOW + GRACE)
    assert states.looked(LOOKED, now=LATER, grace=GRACE).delivery.checked_at == NOW


def test_a_new_attempt_forgets_the_looks_of_the_one_before() -> None:
    again = states.claimed(LOOKED, attempt_id="a2", now=LATER, lease=LEASE)
    assert again.delivery.checked_at is None
    assert again.delivery.attempt == 2


def test_an_update_keeps_the_place_of_its_message() -> None:
    assert (UPDATING.ts, UPDATING.channel_id) == ("1.0", "C0000001")
    assert UPDATING.delivery.sent_revision == 1


def test_a_revived_alert_is_a_new_message_elsewhere() -> None:
    life = states.revived(states.dead(UPDATING, reason="x", now=NOW), channel="#new", now=LATER)
    assert (life.channel, life.channel_id, life.ts) == ("#new", None, None)
    assert life.delivery == Delivery(
        state=DeliveryState.NEW, attempt=2, attempt_id="a2", started_at=LATER, sent_at=NOW
    )


def test_a_revived_alert_whose_message_stands_there_is_updated() -> None:
    refused = states.dead(UPDATING, reason="msg_too_long", now=NOW)
    life = states.revived(refused, channel=refused.channel, now=LATER)
    assert (life.ts, life.channel_id, life.delivery.sent_revision) == ("1.0", "C0000001", 1)
    assert (life.delivery.state, life.delivery.error) == (DeliveryState.SENT, None)
    assert is_pending(life)


@pytest.mark.parametrize("reason", sorted(states.UNCHANGEABLE))
def test_a_revived_alert_whose_message_can_not_be_changed_is_a_new_message(reason: str) -> None:
    refused = states.dead(UPDATING, reason=reason, now=NOW)
    life = states.revived(refused, channel=refused.channel, now=LATER)
    assert (life.ts, life.channel_id, life.delivery.sent_revision) == (None, None, 0)
    assert life.delivery.state is DeliveryState.NEW


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2), (2, 4), (5, 32), (6, 60), (10_000, 60)])
def test_attempts_that_fail_come_further_and_further_apart(attempt: int, seconds: int) -> None:
    made = alert(delivery=Delivery(attempt=attempt))
    assert states.backoff(made) == timedelta(seconds=seconds)
