"""One post as a local site holds it, and what may happen to it while readers look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A later text of a post; it shows once both conditions are met."""

    text: str
    title: str | None = None
    html: str | None = None
    after_reads: int = 0
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SitePost:
    """What a site knows of one of its posts.

    ``printed_date`` stands in for ``date`` where a site prints something that is no date, and
    ``html`` where its body is not simply the text put into paragraphs.
    """

    native_id: str
    text: str
    title: str | None = None
    author_name: str | None = None
    author_id: str | None = None
    rating: float | None = None
    reach: int | None = None
    about: str | None = None
    reply_to: str | None = None
    date: datetime | None = None
    printed_date: str | None = None
    edited_at: datetime | None = None
    html: str | None = None
    twice: bool = False
    versions: tuple[Version, ...] = ()
    appears_after: int = 0
    gone_after_reads: int | None = None
    revision: int = 1

    @property
    def changes(self) -> bool:
        """Whether two readers may see it differently."""
        return bool(self.versions or self.appears_after or self.gone_after_reads is not None)
