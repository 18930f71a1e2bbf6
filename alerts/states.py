"""The delivery of an alert as a table of transitions: pure, each from one value to the next.

=========  =====================================================================================
new        to be posted once ``next_action_at`` has come
posting    an attempt was begun and its end is not recorded; ``next_action_at`` ends its lease
unknown    an attempt may have worked: the channel is read before anything else happens
sent       the chat shows ``sent_revision``; behind ``revision``, the message is to be updated
dead       the chat refuses it for good, or there is nothing left to show; a person must look
=========  =====================================================================================

An alert with a ``ts`` has its message in the chat, so in ``posting`` it is being updated. That may
be done twice without harm, and so is never unknown.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mentions.model import Alert, Delivery, DeliveryState, Urgency

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(seconds=60)
DECISION_WAIT = timedelta(seconds=10)  # an alert is laid out just before its decision is stored
UNDECIDED = "shown before its decision"
# The chat's reasons why a message can never be changed: it is deleted, another app's, or too old.
UNCHANGEABLE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


def claimed(alert: Alert, *, attempt_id: str, now: datetime, lease: timedelta) -> Alert:
    """Before the network is touched: whoever finds this later cannot know how it ended."""
    delivery = alert.delivery.model_copy(
        update={
            "state": DeliveryState.POSTING,
            "attempt": alert.delivery.attempt + 1,
            "attempt_id": attempt_id,
            "started_at": now,
            "checked_at": None,
            "error": None,
        }
    )
    return _with(alert, delivery, now + lease)


def sent(alert: Alert, *, channel_id: str, ts: str, revision: int, now: datetime) -> Alert:
    """The message stands there and shows ``revision``."""
    update = {"state": DeliveryState.SENT, "sent_at": now, "sent_revision": revision, "error": None}
    placed = alert.model_copy(update={"channel_id": channel_id, "ts": ts})
    return _with(placed, alert.delivery.model_copy(update=update), now)


def shown_early(alert: Alert, *, now: datetime) -> Alert:
    """What was just sent said nothing of its decision: an update is due once that is there."""
    delivery = _failed(alert, DeliveryState.SENT, UNDECIDED)
    behind = delivery.model_copy(update={"sent_revision": delivery.sent_revision - 1})
    return _with(alert, behind, now + DECISION_WAIT)


def postponed(alert: Alert, *, reason: str, until: datetime) -> Alert:
    """Certainly not done: back to where it was before the attempt."""
    state = DeliveryState.SENT if alert.ts else DeliveryState.NEW
    return _with(alert, _failed(alert, state, reason), until)


def doubtful(alert: Alert, *, reason: str, now: datetime) -> Alert:
    """Nobody knows; the channel is read at once."""
    return _with(alert, _failed(alert, DeliveryState.UNKNOWN, reason), now)


def looked(alert: Alert, *, now: datetime, grace: timedelta) -> Alert:
    """A complete look has not found it; once more after the grace, for it may show late."""
    delivery = alert.delivery.model_copy(
        update={"state": DeliveryState.UNKNOWN, "checked_at": alert.delivery.checked_at or now}
    )
    return _with(alert, delivery, now + grace)


def disproved(alert: Alert, *, now: datetime) -> Alert:
    """Two complete looks, a grace apart, have not found it: it may be posted again."""
    return _with(alert, _failed(alert, DeliveryState.NEW, "never arrived"), now)


def dead(alert: Alert, *, reason: str, now: datetime) -> Alert:
    return _with(alert, _failed(alert, DeliveryState.DEAD, reason), now)


def revived(alert: Alert, *, channel: str, now: datetime) -> Alert:
    """A new life, in the channel that is configured today.

    A message that stands there is updated: posted anew, it would stand there twice.
    """
    if alert.ts and alert.channel == channel and alert.delivery.error not in UNCHANGEABLE:
        update = {"state": DeliveryState.SENT, "error": None}
        return _with(alert, alert.delivery.model_copy(update=update), now)
    fresh = alert.model_copy(update={"channel": channel, "channel_id": None, "ts": None})
    delivery = alert.delivery.model_copy(update={"state": DeliveryState.NEW, "error": None})
    return _with(fresh, delivery.model_copy(update={"sent_revision": 0}), now)


def raised(alert: Alert, *, revision: int, urgency: Urgency, now: datetime) -> Alert:
    """The post has changed: what is sent becomes due for an update; any wait stays as it is."""
    newer = alert.model_copy(update={"revision": revision, "urgency": urgency})
    is_sent = alert.delivery.state is DeliveryState.SENT
    return newer.model_copy(update={"next_action_at": now}) if is_sent else newer


def backoff(alert: Alert) -> timedelta:
    """Doubles with each attempt of this alert."""
    doublings = min(max(alert.delivery.attempt - 1, 0), 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _failed(alert: Alert, state: DeliveryState, reason: str) -> Delivery:
    return alert.delivery.model_copy(update={"state": state, "error": reason})


def _with(alert: Alert, delivery: Delivery, next_action_at: datetime) -> Alert:
    return alert.model_copy(update={"delivery": delivery, "next_action_at": next_action_at})
