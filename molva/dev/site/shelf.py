"""The posts of a local site in the order it shows them, and how they change while it is read."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock

from molva.dev.site.post import SitePost

Clock = Callable[[], float]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Shelf:
    """All posts of a site, newest first.

    A post without a date keeps the place that its line has in the file. ``numbers`` are ids for
    sites that count their posts: the native ids where all are numbers, else 1 for the oldest.
    """

    def __init__(self, posts: Sequence[SitePost], *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._lock = RLock()
        self._reads: Counter[str] = Counter()
        self._pages = 0
        self._changed_at: dict[tuple[str, int], datetime] = {}
        self._ordered = _newest_first(posts)
        self._by_id = {post.native_id: post for post in posts}
        self.changing = any(post.changes for post in posts)
        self.numbers = _numbers(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def newest(self) -> list[SitePost]:
        """What a reader sees now."""
        if not self.changing:
            return self._ordered
        with self._lock:
            return [self._now(post) for post in self._ordered if self._shown(post)]

    def newest_of_all(self) -> list[SitePost]:
        """Those that are yet to appear or gone again too, as they were at first."""
        return self._ordered

    def get(self, native_id: str) -> SitePost | None:
        with self._lock:
            post = self._by_id.get(native_id)
            return self._now(post) if post and self._shown(post) else None

    def count_page(self, shown: Iterable[str]) -> None:
        """Notes that a reader has received a page with these posts on it."""
        with self._lock:
            self._pages += 1
            self._reads.update(set(shown))

    def _shown(self, post: SitePost) -> bool:
        gone = post.gone_after_reads
        is_gone = gone is not None and self._reads[post.native_id] >= gone
        return self._pages >= post.appears_after and not is_gone

    def _now(self, post: SitePost) -> SitePost:
        reads, seconds = self._reads[post.native_id], self._clock() - self._started
        due = [
            at
            for at, version in enumerate(post.versions)
            if reads >= version.after_reads and seconds >= version.after_seconds
        ]
        return self._edited(post, due[-1]) if due else post

    def _edited(self, post: SitePost, at: int) -> SitePost:
        version = post.versions[at]
        when = self._changed_at.setdefault((post.native_id, at), datetime.now(UTC))
        return replace(
            post,
            text=version.text,
            title=version.title or post.title,
            html=version.html,
            edited_at=when,
            revision=at + 2,
        )


def page_of(posts: Sequence[SitePost], number: int, size: int) -> Sequence[SitePost]:
    """Page ``number`` counted from 1; empty past the end."""
    return posts[(number - 1) * size : number * size] if number > 0 else ()


def last_change(posts: Iterable[SitePost]) -> datetime | None:
    """The newest date among ``posts`` that a header may carry."""
    return max((d for post in posts for d in (post.date, post.edited_at) if d), default=None)


def _newest_first(posts: Sequence[SitePost]) -> list[SitePost]:
    """By date; a post without one follows the line before it."""
    keyed: list[tuple[datetime, int, SitePost]] = []
    at = BEGINNING
    for line, post in enumerate(posts):
        at = post.date or at
        keyed.append((at, line, post))
    keyed.sort(key=lambda entry: entry[:2], reverse=True)
    return [post for _, _, post in keyed]


def _numbers(ordered: Sequence[SitePost]) -> dict[str, int]:
    ids = [post.native_id for post in ordered]
    if all(native_id.isascii() and native_id.isdigit() and int(native_id) > 0 for native_id in ids):
        numbers = {native_id: int(native_id) for native_id in ids}
        if len(set(numbers.values())) == len(ids):
            return numbers
    return {native_id: len(ids) - at for at, native_id in enumerate(ids)}
