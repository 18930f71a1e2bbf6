"""The outbox: created once, changed only by who has read it, pending until the chat shows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mentions.model import Alert, DeliveryState
from mentions.store import Store
from mentions.store.alerts import PAGE, is_pending
from tests.factories import NOW, alert


def delivery(**changed: Any) -> dict[str, Any]:
    return {"state": "sent", "sent_revision": 1, "sent_at": NOW, **changed}


def test_an_alert_is_created_once(store: Store) -> None:
    assert store.alerts.create(alert()) is True
    assert store.alerts.create(alert(urgency="critical")) is False
    there = store.alerts.get(alert().id)
    assert there is not None
    assert there.alert == alert()
    assert store.alerts.get("nothing") is None


def test_of_many_only_the_new_ones_are_created(store: Store) -> None:
    store.alerts.create(alert(members=("there",)))
    both = [alert(members=(name,), urgency="critical") for name in ("there", "new")]
    assert store.alerts.create_all(both) == {"new"}
    there, new = store.alerts.get("there"), store.alerts.get("new")
    assert there is not None
    assert new is not None
    assert (there.alert.urgency, new.alert.urgency) == (alert().urgency, "critical")
    assert store.alerts.create_all([]) == set()


def test_of_two_who_read_it_one_writes(store: Store) -> None:
    store.alerts.create(alert())
    read = store.alerts.get(alert().id)
    assert read is not None
    first = store.alerts.replace(read, alert(ts="1.1"))
    assert first is not None
    assert store.alerts.replace(read, alert(ts="2.2")) is None
    assert store.alerts.replace(first, alert(ts="3.3")) is not None


def test_a_write_whose_answer_got_lost_is_recognised(store: Store) -> None:
    store.alerts.create(alert())
    read = store.alerts.get(alert().id)
    assert read is not None
    store.alerts.replace(read, alert(ts="1.1"))
    # The same write again, as a retry after a lost answer sends it.
    again = store.alerts.replace(read, alert(ts="1.1"))
    assert again is not None
    assert again.alert.ts == "1.1"


def test_due_are_the_pending_ones_whose_time_has_come_in_order(store: Store) -> None:
    def at(minutes: int, name: str, **changed: Any) -> Alert:
        moment = NOW + timedelta(minutes=minutes)
        return alert(members=(name,), next_action_at=moment, **changed)

    for made in (
        at(-1, "second"),
        at(-5, "first"),
        at(5, "later"),
        at(-9, "sent", delivery=delivery()),
        at(-9, "dead", delivery=delivery(state="dead")),
        at(0, "behind", revision=2, delivery=delivery()),
    ):
        store.alerts.create(made)
    assert [s.id for s in store.alerts.due(now=NOW)] == ["first", "second", "behind"]
    assert {s.id for s in store.alerts.pending()} == {"first", "second", "behind", "later"}
    assert [s.id for s in store.alerts.in_state(DeliveryState.DEAD)] == ["dead"]


def test_what_is_urgent_is_due_within_any_limit(store: Store) -> None:
    def waiting(name: str, urgency: str, hours: int, **changed: Any) -> Alert:
        at = NOW - timedelta(hours=hours)
        return alert(members=(name,), urgency=urgency, created_at=at, next_action_at=at, **changed)

    shown = {"revision": 2, "delivery": delivery()}
    made = [
        waiting("edited", "critical", 9, **shown),
        waiting("mild", "normal", 9),
        waiting("high", "high", 8),
        waiting("earlier", "critical", 2),
        waiting("latest", "critical", 1),
        waiting("doubtful", "high", 7, delivery=delivery(state="unknown")),
        waiting("abandoned", "critical", 0, delivery=delivery(state="posting")),
    ]
    store.alerts.create_all(made)
    order = ["abandoned", "doubtful", "latest", "earlier", "high", "mild", "edited"]
    for limit in range(1, len(order) + 1):
        assert [s.id for s in store.alerts.due(limit, NOW)] == order[:limit]


def test_all_alerts_in_a_state_are_found(store: Store) -> None:
    dead = delivery(state="dead")
    count = 2 * PAGE + 1
    store.alerts.create_all([alert(members=(f"{n}",), delivery=dead) for n in range(count)])
    assert len({s.id for s in store.alerts.in_state(DeliveryState.DEAD)}) == count


def test_a_channel_that_is_left_out_takes_no_room(store: Store) -> None:
    for minutes, channel in ((9, "#paused"), (8, "#paused"), (7, "#busy"), (1, "#free")):
        at = NOW - timedelta(minutes=minutes)
        store.alerts.create(alert(members=(f"{minutes}",), channel=channel, next_action_at=at))
    assert [s.id for s in store.alerts.due(2, NOW)] == ["9", "8"]
    assert [s.id for s in store.alerts.due(2, NOW, without={"#paused"})] == ["7", "1"]
    assert [s.id for s in store.alerts.due(2, NOW, without={"#paused", "#busy"})] == ["1"]


@pytest.mark.parametrize(
    ("state", "revision", "pending"),
    [
        ("new", 1, True),
        ("posting", 1, True),
        ("unknown", 1, True),
        ("dead", 2, False),
        ("sent", 1, False),
        ("sent", 2, True),
    ],
)
def test_pending_means_that_the_chat_does_not_show_it_yet(
    state: str, revision: int, pending: bool
) -> None:
    assert is_pending(alert(revision=revision, delivery=delivery(state=state))) is pending


def test_the_history_of_an_alert_only_grows(store: Store) -> None:
    assert store.alerts.event("a", 2, "sent", {"ts": "1.1"}) is True
    assert store.alerts.event("a", 1, "posting", {}) is True
    assert store.alerts.event("a", 2, "sent", {"ts": "9.9"}) is False
    assert [(e["seq"], e["facts"]) for e in store.alerts.events("a")] == [
        (1, {}),
        (2, {"ts": "1.1"}),
    ]
