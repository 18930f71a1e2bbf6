"""Reading one stream from its newest post down to where the last crawl began.

A site lists its newest posts first, so a crawl that dies half-way has read the new ones and not the
older ones below. The bookmark therefore moves once: at the end, and only if nothing between the top
of the list and the old bookmark was left out. Until then the next crawl begins at the top again,
and what it meets a second time changes nothing.

A post behind a link that cannot be read holds nothing up: the bookmark moves without its name, so
it is asked for again as long as it is listed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog

from crawlers.base import ROW_ERRORS, Link, Reading, Rejected, Stream
from crawlers.bookmark import Bookmark, Entry
from crawlers.intake import Intake
from crawlers.page import ForbiddenError, GoneError, Page, PageError
from crawlers.plan import CATCH_UP_PAGES, Plan
from mentions.errors import BlockedError
from mentions.model import Origin, Post

# Some sites show their last page again under every higher number. But a page can also repeat the
# one above it because as many posts as it holds have come in between: a few more are worth asking.
REPEATED_PAGES = 4

# For so long a part of a list may be missing, as pages break off now and then, before it is told.
FAULT_PASSES = timedelta(days=1)

log = structlog.get_logger()


class _Stop(Enum):
    """Why a descent ended."""

    MET = auto()  # the bookmark, or the time it was to go back to
    END = auto()  # the list has no more pages
    LIMIT = auto()  # enough pages
    UNCHANGED = auto()  # the site says so itself


@dataclass(slots=True)
class _Haul:
    """What one list page gave, in its order, with the posts that it links to."""

    posts: list[Post] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    is_news: bool = False  # something on it was not on the pages above


class Descent:
    """One stream, once."""

    def __init__(self, intake: Intake, stream: Stream, plan: Plan) -> None:
        self._intake = intake
        self._spider = intake.spider
        self._stream = stream
        self._plan = plan
        self._bookmark = Bookmark()
        self._first: Page | None = None
        self._listed: dict[str, Entry] = {}  # by name
        self._unread: set[str] = set()  # names of links whose pages could not be read
        self._last: Entry | None = None  # of the lowest page that had any
        self._newest: datetime | None = None  # the latest date of a post
        self._whole = True  # nothing on the way down was left out

    async def run(self) -> None:
        """Read and store; then move the bookmark, if nothing was left out."""
        sink = self._intake.sink
        self._bookmark = Bookmark.read(await asyncio.to_thread(sink.bookmark, self._stream.name))
        self._newest = self._bookmark.newest
        stop = await self._walk()
        if self._newest is not None:
            self._intake.report.saw(self._newest)
        self._complain(stop)
        if not self._is_complete(stop):
            log.warning("stream not read to its end", stream=self._stream.name, stop=stop.name)
            self._intake.report.count(unfinished=1)
        elif self._plan.moves_bookmarks:
            # Had the site nothing new to tell, a link that could not be read would wait with it.
            headers = self._first.headers if self._first and not self._unread else {}
            if stop is _Stop.UNCHANGED:  # a site need not repeat what it is asked about
                headers = {**self._bookmark.last_headers(), **headers}
            read = [entry for name, entry in self._listed.items() if name not in self._unread]
            moved = self._bookmark.after(read, headers, read_at=self._plan.now, newest=self._newest)
            text = moved.model_dump_json(exclude_none=True)
            await asyncio.to_thread(sink.move, self._stream.name, text)

    async def _walk(self) -> _Stop:
        url: str | None = self._stream.url
        visited: set[str] = set()
        barren = 0
        limit = self._plan.page_limit(is_first=self._bookmark.is_blank)
        while url is not None and url not in visited:
            if len(visited) == limit:
                return _Stop.LIMIT
            visited.add(url)
            page = await self._get(url)
            if page is None:
                return _Stop.END
            if page.status == 304:
                self._intake.report.count(unchanged=1)
                return _Stop.UNCHANGED
            reading = await self._intake.read(page, self._stream)
            self._whole &= reading.whole
            haul = await self._take(reading)
            if self._is_met(haul):
                return _Stop.MET
            barren = 0 if haul.is_news else barren + 1
            if barren >= self._patience(haul):
                return _Stop.END
            url = self._older(page, reading)
        return _Stop.END

    def _patience(self, haul: _Haul) -> int:
        """How many pages without anything new in a row mean that there is nothing below."""
        empty = self._spider.empty_pages
        return max(empty, REPEATED_PAGES) if haul.entries or haul.is_news else empty

    async def _get(self, url: str) -> Page | None:
        """A list page. None where there is none: past the last one, or kept from us by a fault."""
        is_first = self._first is None
        known = self._bookmark.validators() if is_first and self._plan.is_usual else {}
        try:
            page = await self._intake.fetch(url, headers=known, hint={})
        except PageError as error:
            if is_first and isinstance(error, ForbiddenError):
                raise BlockedError(str(error)) from error
            if is_first or not isinstance(error, GoneError):
                self._whole = False
                await self._intake.set_aside([Rejected(url, str(error), "")])
            return None
        self._first = self._first or page
        return page

    async def _take(self, reading: Reading) -> _Haul:
        haul = _Haul(is_news=bool(reading.rejected or reading.skipped))
        haul.posts += reading.posts
        haul.entries += [self._entry(post) for post in reading.posts]
        for link in reading.links:
            haul.entries.append(link.entry)
            if not self._plan.is_usual or not self._knows(link.entry):
                haul.posts += await self._follow(link)
        haul.is_news |= any(entry.name not in self._listed for entry in haul.entries)
        self._listed |= {entry.name: entry for entry in haul.entries}
        self._last = haul.entries[-1] if haul.entries else self._last
        self._note_newest(haul.posts)
        wanted = [post for post in haul.posts if self._is_wanted(post)]
        await self._intake.store(wanted, self._bookmark.read_at)
        return haul

    async def _follow(self, link: Link) -> list[Post]:
        """The posts behind a link. If it cannot be read, the next crawl that sees it asks again."""
        reading = await self._intake.follow(link.url, dict(link.hint), self._stream)
        if not reading.whole:
            self._unread.add(link.entry.name)
        return reading.posts

    def _is_wanted(self, post: Post) -> bool:
        """Whether to keep a post; where not, it is counted by its reason."""
        since, report = self._plan.since, self._intake.report
        if since is not None and post.published_at is not None and post.published_at < since:
            report.count(older=1)
            return False
        if self._plan.origin is Origin.BACKFILL and self._is_left_to_live(post):
            report.count(left_to_live=1)
            return False
        return True

    def _is_left_to_live(self, post: Post) -> bool:
        """Whether the usual crawl has yet to come to it: as backfill it could never alert."""
        entry, bookmark = self._entry(post), self._bookmark
        if bookmark.is_blank or self._knows(entry):
            return False
        if None not in (entry.position, bookmark.position):
            return True
        # Links have names of their own and no position, so the post behind one goes by its date.
        if post.published_at is None or bookmark.read_at is None:
            return True
        return post.published_at > bookmark.read_at - timedelta(seconds=self._spider.overlap)

    def _note_newest(self, posts: list[Post]) -> None:
        """Silence is measured by this. What has no date counts as of now, if it is new."""
        dates = [] if self._newest is None else [self._newest]
        for post in posts:
            if post.published_at is not None:
                dates.append(min(post.published_at, post.fetched_at))
            elif not self._knows(self._entry(post)):
                dates.append(post.fetched_at)
        self._newest = max(dates, default=None)

    def _is_met(self, haul: _Haul) -> bool:
        """Judged by the last of a page: what is pinned to the top may be old."""
        since = self._plan.since
        if since is None and self._bookmark.is_blank and self._plan.moves_bookmarks:
            since = self._plan.first_since
        if since is not None:
            dates = [post.published_at for post in haul.posts if post.published_at is not None]
            return bool(dates) and dates[-1] < since
        return bool(haul.entries) and self._knows(haul.entries[-1])

    def _older(self, page: Page, reading: Reading) -> str | None:
        try:
            return self._spider.next_url(page, reading)
        except ROW_ERRORS:  # the page has been set aside; below it we cannot see
            self._whole = False
            return None

    def _is_complete(self, stop: _Stop) -> bool:
        """Whether all between the top of the list and the old bookmark has been read."""
        if not self._whole:
            return False
        if stop is _Stop.LIMIT:  # for a first crawl it is how much was wanted
            return self._bookmark.is_blank and self._plan.since is None
        if self._plan.since is not None and stop is _Stop.MET and not self._bookmark.is_blank:
            return self._is_bottom_known()
        return True

    def _complain(self, stop: _Stop) -> None:
        report, blank = self._intake.report, self._bookmark.is_blank
        if stop is _Stop.LIMIT and not self._is_complete(stop):
            report.complaints.append(
                f"{self._stream.name}: the last crawl's posts were not met within "
                f"{CATCH_UP_PAGES} pages; the next crawl tries again, or shorten its schedule"
            )
        elif not self._whole:  # whether it ends above the bookmark cannot be seen
            if not self._may_pass():
                report.complaints.append(
                    f"{self._stream.name}: part of it could not be read, so its bookmark waits"
                )
        elif stop is _Stop.END and self._plan.is_usual and not (blank or self._is_met_at_last()):
            report.complaints.append(
                f"{self._stream.name}: the list ends above the last crawl's newest post, so posts "
                "in between may be lost; shorten the source's schedule"
            )

    def _is_met_at_last(self) -> bool:
        """Whether a list that ended shows the last crawl's posts; an empty one shows no gap."""
        if self._last is None:
            return True
        # A link that is asked for again and again is never known, and has been told as rejected.
        return self._last.name in self._unread or self._is_bottom_known()

    def _may_pass(self) -> bool:
        """Whether a part that is missing may be there at the next crawl: it was of late."""
        read_at = self._bookmark.read_at
        of_late = read_at is not None and self._plan.now - read_at <= FAULT_PASSES
        return of_late and self._first is not None

    def _is_bottom_known(self) -> bool:
        """Judged by the last of all: a known post above it may be pinned, or dated back."""
        return self._last is not None and self._knows(self._last)

    def _knows(self, entry: Entry) -> bool:
        return self._bookmark.knows(entry, overlap=self._spider.overlap)

    def _entry(self, post: Post) -> Entry:
        return Entry(post.native_id, self._spider.position(post))
