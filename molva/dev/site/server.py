"""A local site: serves any post file as a feed, a site of reviews or a Discourse forum would.

In a test: ``with Site(Path("posts.jsonl"), SiteKind.FEED) as site: httpx.get(site.url)``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from molva.dev.site.answers import Answers, Pace, Pages, Visit
from molva.dev.site.dates import length, parse_newest
from molva.dev.site.discourse import DiscoursePages
from molva.dev.site.faults import FaultPlan, Faults, load_faults
from molva.dev.site.feed import FeedPages
from molva.dev.site.http import Request, Response, SiteServer
from molva.dev.site.load import Loaded, fill_dates, load_posts, move_dates, read_lines
from molva.dev.site.options import SiteKind, SiteOptions
from molva.dev.site.schema_org import ReviewPages
from molva.dev.site.shelf import Shelf

REMEMBERED = 100_000  # visits
_KINDS: dict[SiteKind, Callable[[Shelf, SiteOptions], Pages]] = {
    SiteKind.FEED: FeedPages,
    SiteKind.SCHEMA_ORG: ReviewPages,
    SiteKind.DISCOURSE: DiscoursePages,
}


@dataclass(frozen=True, slots=True)
class Dates:
    """How the dates of a file are moved: all in the words that the command line takes.

    ``newest`` (``now-2h``) is where the newest date goes, ``span`` (``6h``) how far back the
    oldest may lie then, ``fill`` (``1m``) the distance at which posts without a date get one.
    """

    newest: str | None = None
    span: str | None = None
    fill: str | None = None


class Site:
    """One site on a loopback port, running inside ``with``; ``port`` 0 takes any free one."""

    def __init__(
        self,
        posts: Path | Sequence[Mapping[str, Any]],
        kind: SiteKind | str,
        *,
        port: int = 0,
        dates: Dates | None = None,
        faults: Path | Faults | None = None,
        options: SiteOptions | None = None,
    ) -> None:
        known = load_faults(faults) if isinstance(faults, Path) else faults or Faults()
        options = options or SiteOptions()
        loaded = _load(posts, dates or Dates(), known)
        self.counts = loaded.counts
        self.visits: deque[Visit] = deque(maxlen=REMEMBERED)
        self._shelf = Shelf(loaded.posts)
        pages = _KINDS[SiteKind(kind)](self._shelf, options)
        self._stop = Event()
        answers = Answers(
            pages,
            FaultPlan(known.answers),
            Pace(options.max_per_minute),
            robots=known.robots,
            stop=self._stop,
        )
        self._server = SiteServer(port, answers, self._delivered)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _delivered(self, request: Request, response: Response) -> None:
        agent = request.headers.get("user-agent", "")
        self.visits.append(Visit(request.target, response.status, agent, time.monotonic()))
        if response.shown and request.method == "GET":
            self._shelf.count_page(response.shown)


def _load(posts: Path | Sequence[Mapping[str, Any]], dates: Dates, faults: Faults) -> Loaded:
    now = datetime.now(UTC)
    lines = read_lines(posts) if isinstance(posts, Path) else posts
    loaded = load_posts(lines, now=now, behaviours=faults.posts)
    moved = loaded.posts
    if dates.fill:
        moved = fill_dates(moved, length(dates.fill), now)
    if dates.newest or dates.span:
        newest = parse_newest(dates.newest, now) if dates.newest else _newest(moved, now)
        moved = move_dates(moved, newest, _span(dates))
    return Loaded(moved, loaded.counts)


def _newest(posts: Sequence[Any], now: datetime) -> datetime:
    return max((post.date for post in posts if post.date), default=now)


def _span(dates: Dates) -> timedelta | None:
    return length(dates.span) if dates.span else None
