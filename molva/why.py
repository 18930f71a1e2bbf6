"""At which stage a post stopped, and why: the answer for whoever asks "why was I not told?"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mentions.model import Action, DeliveryState
from mentions.store import Store
from mentions.store.alerts import StoredAlert
from mentions.store.mentions import StoredMention


def explain(store: Store, url: str) -> list[str]:
    """One line for each thing known about the post at ``url``, in the order of its way."""
    lines = [line for stored in store.mentions.by_url(url) for line in _mention(store, stored)]
    for entry in store.ledger.seen_post(url):
        lines.append(
            f"{entry['at'][:19]}  read from {entry['source']}, became no mention: {entry['reason']}"
        )
    for entry in store.ledger.rejects(url):
        lines.append(
            f"{entry['at'][:19]}  set aside by {entry['stage']} ({entry['source']}): "
            f"{entry['reason']}"
        )
    return lines


def _mention(store: Store, stored: StoredMention) -> Iterator[str]:
    mention, analysis, decision = stored.mention, stored.analysis, stored.decision
    yield (
        f"{_time(mention.first_seen)}  stored as {mention.id} for {mention.brand}, "
        f"from {mention.source}, {mention.origin}, revision {mention.revision}"
    )
    if mention.date_flag:
        yield f"{'':19}  its date is {mention.date_flag}: it counts as written when first seen"
    if analysis is None:
        yield f"{'':19}  waits for `molva score`"
        return
    doubt = "" if analysis.trusted else f"; not trusted: {analysis.doubt}"
    yield (
        f"{_time(analysis.scored_at)}  judged {analysis.sentiment}, {analysis.urgency}, "
        f"{analysis.intent}, {analysis.topic} by {analysis.model}{doubt}"
    )
    if decision is None:
        yield f"{'':19}  waits for `molva decide`"
        return
    yield f"{_time(decision.decided_at)}  decided: {decision.action}, because {decision.reason}"
    alert = store.alerts.get(mention.id)
    if alert:
        yield _alert(alert)
    elif decision.action is Action.ALERT:
        yield f"{'':19}  its alert is gone: retention or an erasure took it"


def _alert(stored: StoredAlert) -> str:
    alert, delivery = stored.alert, stored.alert.delivery
    if delivery.state is DeliveryState.SENT and delivery.sent_at:
        where = f"posted to {alert.channel} as {alert.ts}"
        return f"{_time(delivery.sent_at)}  {where}, {alert.work.state}"
    error = f" ({delivery.error})" if delivery.error else ""
    return f"{_time(alert.created_at)}  alert for {alert.channel} is {delivery.state}{error}"


def _time(moment: datetime) -> str:
    return moment.isoformat()[:19]
