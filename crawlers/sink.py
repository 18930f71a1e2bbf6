"""Where posts go: into the store, into a file, or nowhere.

A sink acknowledges by returning. Everything here may block; the crawl calls it from a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import IO, Protocol

from crawlers.base import Rejected
from mentions.counts import Counts
from mentions.failpoints import failpoint
from mentions.matching import Matcher
from mentions.model import Mention, Origin, Post
from mentions.settings import Settings
from mentions.store import Store
from mentions.store.ledger import Reject, Seen

BATCH = 500
STAGE = "crawl"
NO_BRAND = "no_brand"
SAMPLES = 3


class Sink(Protocol):
    """What a crawl needs of the place that its posts go to."""

    def bookmark(self, stream: str) -> str | None:
        """How far the stream had been read."""

    def put(self, posts: Sequence[Post], origin: Origin, read_before: datetime | None) -> Counts:
        """Keep the posts; every one of them is kept once this returns.

        ``read_before`` is when their stream was last read without leaving anything out.
        """

    def reject(self, rejected: Sequence[Rejected]) -> None:
        """Set aside what could not be read."""

    def move(self, stream: str, value: str) -> None:
        """The stream has been read down to where the bookmark was."""

    def last_read(self) -> datetime | None:
        """When the source as a whole was last read with success."""


class StoreSink:
    """Posts become mentions of the brands they are about; the others are noted as seen."""

    def __init__(self, settings: Settings, source: str, store: Store) -> None:
        self._source = source
        self._secret = settings.secret
        self._matcher = Matcher(settings.brands)
        self._store = store

    def bookmark(self, stream: str) -> str | None:
        return self._store.ledger.bookmark(self._source, stream)

    def put(self, posts: Sequence[Post], origin: Origin, read_before: datetime | None) -> Counts:
        counts = Counts()
        for start in range(0, len(posts), BATCH):
            counts = counts + self._put(posts[start : start + BATCH], origin, read_before)
        return counts

    def _put(self, posts: Sequence[Post], origin: Origin, read_before: datetime | None) -> Counts:
        matched: list[Mention] = []
        unmatched: list[Seen] = []
        for post in posts:
            brands = self._matcher.match(post.text, post.title)
            matched += [
                Mention.of(
                    post,
                    brand,
                    secret=self._secret,
                    origin=origin,
                    source_read_before=read_before,
                )
                for brand in brands
            ]
            if not brands:
                unmatched.append(Seen(post.post_id, post.site, post.source, post.url, NO_BRAND))
        failpoint("crawl-before-store")
        stored = self._store.mentions.put(matched)
        self._store.ledger.seen(unmatched)
        failpoint("crawl-after-store")
        return Counts(
            matched=len(posts) - len(unmatched),
            unmatched=len(unmatched),
            mentions=len(matched),
            created=stored["created"],
            changed=stored["changed"],
            same=stored["same"] + stored["repeated"],
            refused=stored["rejected"],
        )

    def reject(self, rejected: Sequence[Rejected]) -> None:
        entries = [Reject(STAGE, self._source, r.url, r.reason, r.excerpt) for r in rejected]
        self._store.ledger.reject(entries)

    def move(self, stream: str, value: str) -> None:
        self._store.ledger.move_bookmark(self._source, stream, value)
        failpoint("crawl-after-bookmark")

    def last_read(self) -> datetime | None:
        return self._store.ledger.last_success(self._source)


class FileSink:
    """A post file: one JSON object a line."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def bookmark(self, stream: str) -> str | None:
        return None

    def put(self, posts: Sequence[Post], origin: Origin, read_before: datetime | None) -> Counts:
        lines = (post.model_dump_json(exclude_none=True) for post in posts)
        self._out.writelines(f"{line}\n".encode() for line in lines)
        return Counts(written=len(posts))

    def reject(self, rejected: Sequence[Rejected]) -> None:
        """The crawl counts them."""

    def move(self, stream: str, value: str) -> None:
        """Nothing is remembered: the same command writes the same file."""

    def last_read(self) -> datetime | None:
        return None


class DrySink:
    """Counts what would be stored, and keeps a few posts to show."""

    def __init__(self, settings: Settings) -> None:
        self._matcher = Matcher(settings.brands)
        self.samples: list[Post] = []

    def bookmark(self, stream: str) -> str | None:
        return None

    def put(self, posts: Sequence[Post], origin: Origin, read_before: datetime | None) -> Counts:
        found = [self._matcher.match(post.text, post.title) for post in posts]
        matched = sum(bool(brands) for brands in found)
        self.samples += islice(posts, SAMPLES - len(self.samples))
        return Counts(
            matched=matched,
            unmatched=len(posts) - matched,
            mentions=sum(len(brands) for brands in found),
        )

    def reject(self, rejected: Sequence[Rejected]) -> None:
        """The crawl counts them."""

    def move(self, stream: str, value: str) -> None:
        """Nothing is remembered."""

    def last_read(self) -> datetime | None:
        return None
