"""Reads any post file, strict or rough, into the posts of a local site."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mentions.counts import Counts
from mentions.errors import ConfigError
from molva.dev.site.dates import Move, parse_date
from molva.dev.site.faults import Behaviour
from molva.dev.site.post import SitePost

BOGUS = {"implausible": "0000-00-00T00:00:00+00:00", "unreadable": "на прошлой неделе"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # by XML 1.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """The posts in the order of the file, and what became of each of its lines."""

    posts: list[SitePost]
    counts: Counts = field(default_factory=Counts)


def read_lines(path: Path) -> Iterator[Any]:
    """Each line as JSON, or None where it is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.strip():
                    yield _json_or_none(line)
    except OSError as error:
        raise ConfigError(f"cannot read the post file {path}: {error.strerror}") from error


def load_posts(
    lines: Iterable[Any], *, now: datetime, behaviours: Mapping[str, Behaviour] | None = None
) -> Loaded:
    """Posts of ``lines``: a repeated id is served once, as its first line has it."""
    rows = list(lines)
    readable = [row for row in rows if isinstance(row, Mapping) and _text(row)]
    five_stars = any((_number(row.get("rating")) or 0) > 1 for row in readable)
    posts: dict[str, SitePost] = {}
    for at, row in enumerate(readable):
        post = _post(row, at, five_stars=five_stars, now=now)
        posts.setdefault(post.native_id, post)
    _apply(behaviours or {}, posts)
    counts = Counts(
        posts=len(posts),
        repeated=len(readable) - len(posts),
        skipped=len(rows) - len(readable),
        undated=sum(post.date is None for post in posts.values()),
    )
    return Loaded(list(posts.values()), counts)


def move_dates(
    posts: Sequence[SitePost], newest: datetime, span: timedelta | None
) -> list[SitePost]:
    move = Move((post.date for post in posts), newest, span)
    return [replace(p, date=move(p.date), edited_at=move(p.edited_at)) for p in posts]


def fill_dates(posts: Sequence[SitePost], step: timedelta, now: datetime) -> list[SitePost]:
    """A date for every post that has none: the last such line is the newest, ``step`` apart."""
    without = [at for at, p in enumerate(posts) if p.date is None and p.printed_date is None]
    newest = max((p.date for p in posts if p.date), default=now)
    filled = list(posts)
    for back, at in enumerate(reversed(without)):
        filled[at] = replace(filled[at], date=newest - step * back)
    return filled


def _post(row: Mapping[str, Any], at: int, *, five_stars: bool, now: datetime) -> SitePost:
    given = row.get("published_at")
    date = parse_date(given, now)
    flag = str(row.get("date_flag") or "")
    printed = BOGUS.get(flag) if given in (None, "") else None if date else str(given)
    rating = _number(row.get("rating"))
    if rating is not None:
        rating = min(max((rating - 1) / 4 if five_stars else rating, 0.0), 1.0)
    author = row.get("author_name", row.get("author"))
    if isinstance(author, Mapping):
        author = author.get("name")
    return SitePost(
        native_id=_word(row.get("native_id", row.get("id"))) or f"line-{at + 1}",
        text=_text(row),
        title=_word(row.get("title")),
        author_name=_word(author),
        author_id=_word(row.get("author_id")),
        rating=rating,
        reach=int(_number(row.get("reach")) or 0) or None,
        about=_word(row.get("about", row.get("product"))),
        reply_to=_word(row.get("reply_to")),
        date=date,
        printed_date=printed,
        edited_at=parse_date(row.get("edited_at"), now),
    )


def _apply(behaviours: Mapping[str, Behaviour], posts: dict[str, SitePost]) -> None:
    if unknown := sorted(set(behaviours) - set(posts)):
        raise ConfigError(f"the faults file names posts that the post file lacks: {unknown}")
    for native_id, behaviour in behaviours.items():
        post = posts[native_id]
        posts[native_id] = replace(
            post,
            html=behaviour.html,
            date=None if behaviour.date else post.date,
            printed_date=behaviour.date or post.printed_date,
            about=behaviour.about or post.about,
            twice=behaviour.twice,
            versions=tuple(later.version() for later in behaviour.versions),
            appears_after=behaviour.appears_after,
            gone_after_reads=behaviour.gone_after_reads,
        )


def _json_or_none(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _text(row: Mapping[str, Any]) -> str:
    text = row.get("text")
    return _FORBIDDEN.sub("", text).strip() if isinstance(text, str) else ""


def _word(value: Any) -> str | None:
    return " ".join(_FORBIDDEN.sub("", str(value)).split()) or None if value is not None else None


def _number(value: Any) -> float | None:
    """Ratings come as numbers, as text, and with a decimal comma."""
    try:
        return None if value is None else float(str(value).replace(",", "."))
    except ValueError:
        return None
