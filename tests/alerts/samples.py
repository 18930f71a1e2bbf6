"""The common samples, as these tests need them: just published, and with no doubts."""

from __future__ import annotations

from typing import Any

from mentions.model import Alert, Analysis, Mention
from tests import factories
from tests.factories import NOW

__all__ = ["NOW", "alert", "analysis", "mention"]


def mention(**changed: Any) -> Mention:
    """Seen the moment it was published, by the first crawl of its source."""
    fresh = {"published_at": NOW, "source_read_before": None, "author_name": "Пользователь 17"}
    return factories.mention(**(fresh | changed))


def analysis(**changed: Any) -> Analysis:
    """``high`` and ``negative``, from a model that gives no probabilities."""
    return factories.analysis(**({"probabilities": {}} | changed))


def alert(*, of: Mention | None = None, **changed: Any) -> Alert:
    said = of or mention()
    return factories.alert(**({"members": (said.id,), "revision": said.revision} | changed))
