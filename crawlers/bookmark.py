"""How far a stream has been read.

Positions alone would not do: two posts can share a second, some have no date, and a moderated
review appears days after the date that it bears. So a bookmark also names the newest posts, and
near its position a post counts as known only by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

NAMES = 500  # posts known by name; with shortened names the bookmark stays below 10 kB


@dataclass(frozen=True, slots=True)
class Entry:
    """A post or a link in the order of its site; a higher position is newer."""

    key: str
    position: float | None = None

    @property
    def name(self) -> str:
        return sha256(self.key.encode()).hexdigest()[:12]


class Bookmark(BaseModel):
    """The newest position read without a hole, the posts there, the page's validators, and when.

    ``read_at`` is when the last reading that left nothing out began: what was public then has been
    read. A post is held back as too old by what it was at that time, so that an outage hides none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer version may know more

    position: float | None = None
    names: tuple[str, ...] = ()
    etag: str | None = None
    modified: str | None = None
    read_at: AwareDatetime | None = None
    newest: AwareDatetime | None = None  # the latest date of a post; a position need not be a date

    @classmethod
    def read(cls, stored: str | None) -> Bookmark:
        """What the store holds; blank if nothing, or nothing of ours: then all is read anew."""
        try:
            return cls.model_validate_json(stored) if stored else cls()
        except ValidationError:
            return cls()

    @property
    def is_blank(self) -> bool:
        return self.position is None and not self.names

    def validators(self) -> dict[str, str]:
        """Headers that let a site answer that nothing has changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value}

    def last_headers(self) -> dict[str, str]:
        """What ``after`` took from the page of the last reading."""
        headers = {"etag": self.etag, "last-modified": self.modified}
        return {name: value for name, value in headers.items() if value}

    def knows(self, entry: Entry, *, overlap: float) -> bool:
        """Whether the entry had been read; within ``overlap`` of the position only by name."""
        if entry.name in self.names:
            return True
        if entry.position is None or self.position is None:
            return False
        return entry.position < self.position - overlap

    def after(
        self,
        entries: Iterable[Entry],
        headers: Mapping[str, str],
        *,
        read_at: datetime,
        newest: datetime | None,
    ) -> Bookmark:
        """The bookmark once these have been read too, from a page with these headers."""
        newest_first = sorted(entries, key=_newest_first)
        names = dict.fromkeys([*(entry.name for entry in newest_first), *self.names])
        positions = [self.position, *(entry.position for entry in newest_first)]
        return Bookmark(
            position=max((p for p in positions if p is not None), default=None),
            names=tuple(names)[:NAMES],
            etag=headers.get("etag"),
            modified=headers.get("last-modified"),
            read_at=read_at,
            newest=newest,
        )


def _newest_first(entry: Entry) -> float:
    return float("-inf") if entry.position is None else -entry.position
