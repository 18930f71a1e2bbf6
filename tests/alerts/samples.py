"""Mentions, opinions and alerts to test with; every field has a value that means nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mentions.model import Alert, Analysis, Intent, Kind, Mention, Sentiment, Topic, Urgency

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def mention(**changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "site": "feed:forum.example.org",
        "native_id": "p1",
        "source": "forum",
        "kind": Kind.FORUM,
        "url": "https://forum.example.org/t/1",
        "text": "Карта заблокирована, поддержка молчит.",
        "brand": "romashka",
        "author_name": "Пользователь 17",
        "published_at": NOW,
        "first_seen": NOW,
    }
    return Mention(**(fields | changes))


def analysis(**changes: Any) -> Analysis:
    fields: dict[str, Any] = {
        "sentiment": Sentiment.NEGATIVE,
        "urgency": Urgency.HIGH,
        "intent": Intent.COMPLAINT,
        "topic": Topic.PRODUCT,
        "probabilities": {},
        "model": "molva-judge@0000000",
        "language": "ru",
        "scored_at": NOW,
    }
    return Analysis(**(fields | changes))


def alert(*, of: Mention | None = None, **changes: Any) -> Alert:
    said = of or mention()
    fields: dict[str, Any] = {
        "members": (said.id,),
        "revision": said.revision,
        "brand": said.brand,
        "channel": "#romashka",
        "urgency": Urgency.HIGH,
        "created_at": NOW,
        "next_action_at": NOW,
    }
    return Alert(**(fields | changes))
