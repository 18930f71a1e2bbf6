"""Valid values with one line each; a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mentions.model import Alert, Analysis, Mention, Post
from mentions.settings import Environment, Settings, Watch

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WATCH = {
    "brands": {"romashka": {"name": "Ромашка", "channel": "#romashka"}},
    "sources": {"forum": {"spider": "discourse", "schedule": "*/5 * * * *"}},
}


def post(**changed: Any) -> Post:
    facts: dict[str, Any] = {
        "site": "discourse:forum.example.org",
        "native_id": "17",
        "source": "forum",
        "kind": "forum",
        "url": "https://forum.example.org/t/17",
        "text": "Ромашка не отвечает третий день",
        "author_id": "petr",
        "author_name": "Пётр",
        "published_at": NOW - timedelta(hours=1),
        "fetched_at": NOW,
    }
    return Post.model_validate(facts | changed)


def mention(**changed: Any) -> Mention:
    facts: dict[str, Any] = {
        **post().model_dump(exclude={"author_id", "fetched_at"}),
        "brand": "romashka",
        "author_key": "0" * 32,
        "first_seen": NOW,
        "source_read_before": NOW - timedelta(minutes=5),
    }
    return Mention.model_validate(facts | changed)


def analysis(**changed: Any) -> Analysis:
    facts: dict[str, Any] = {
        "sentiment": "negative",
        "urgency": "high",
        "intent": "complaint",
        "topic": "staff",
        "probabilities": {
            "sentiment": {"negative": 0.9, "neutral": 0.08, "positive": 0.02},
            "urgency": {"low": 0.05, "normal": 0.15, "high": 0.7, "critical": 0.1},
        },
        "model": "test@0",
        "language": "ru",
        "scored_at": NOW,
    }
    return Analysis.model_validate(facts | changed)


def alert(**changed: Any) -> Alert:
    facts: dict[str, Any] = {
        "members": (mention().id,),
        "brand": "romashka",
        "channel": "#romashka",
        "urgency": "high",
        "created_at": NOW,
        "next_action_at": NOW,
    }
    return Alert.model_validate(facts | changed)


def settings(*, watch: dict[str, Any] | None = None, **environment: Any) -> Settings:
    """Settings as ``load_settings`` would read them, from values instead of files."""
    facts = {"secret": "a secret of the tests", **environment}
    return Settings(
        environment=Environment(_env_file=None, **facts),  # type: ignore[call-arg]
        watch=Watch.model_validate(watch or WATCH),
    )
