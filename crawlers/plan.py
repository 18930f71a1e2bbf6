"""What one crawl is to do, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from crawlers.page import Page
from mentions.counts import Counts
from mentions.errors import MolvaError
from mentions.model import Origin

CATCH_UP_PAGES = 1_000  # after an outage; with a second between pages a quarter of an hour


class Fetch(Protocol):
    """Asks a site for a page. Raises ``PageError``, ``BlockedError``, ``TransientError``."""

    async def __call__(
        self, url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]
    ) -> Page: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How far to read: down to ``since`` where that is given, else down to the bookmark."""

    now: datetime
    first_since: datetime | None  # for streams without a bookmark
    first_pages: int
    since: datetime | None = None
    origin: Origin = Origin.LIVE

    @property
    def is_usual(self) -> bool:
        """Whether it goes by the bookmarks, and may ask sites for what is new only."""
        return self.origin is Origin.LIVE and self.since is None

    @property
    def moves_bookmarks(self) -> bool:
        return self.origin is Origin.LIVE

    def page_limit(self, *, is_first: bool) -> int:
        return self.first_pages if is_first and self.since is None else CATCH_UP_PAGES


@dataclass(slots=True)
class Report:
    """``complaints`` are sentences for whoever keeps the source running."""

    counts: Counts = field(default_factory=Counts)
    complaints: list[str] = field(default_factory=list)
    newest: datetime | None = None  # the latest date among the posts read
    error: MolvaError | None = None  # what ended it, or kept part of it from us

    def count(self, **outcomes: int) -> None:
        self.counts = self.counts + outcomes

    def saw(self, date: datetime) -> None:
        self.newest = max(date, self.newest or date)
