"""Dates of post files: read in whatever form they come, moved so that a site looks alive."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from mentions.durations import parse_duration
from mentions.errors import ConfigError

MOSCOW = timezone(timedelta(hours=3))  # what Russian review sites mean when they name no zone
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_FORMATS = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d")
_NUMBER = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}")
_FROM_NOW = re.compile(r"now\s*(?:-\s*(.+))?")


def parse_date(value: Any, now: datetime) -> datetime | None:
    """An aware time, or None for what is no date or one that no site could mean."""
    if value is None or isinstance(value, bool):
        return None
    found = _parse(str(value).strip(), now.date().isoformat())
    return found if found and EARLIEST <= found <= now + timedelta(days=1) else None


def parse_newest(text: str, now: datetime) -> datetime:
    """The time that ``now``, ``now-2h`` or an ISO time stands for."""
    if found := _FROM_NOW.fullmatch(text.strip()):
        return now - length(found[1]) if found[1] else now
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"cannot read the time {text!r}: write now, now-2h or 2026-05-01T12:00:00+03:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def length(text: str) -> timedelta:
    """A length of time such as ``2h``; anything else is a setting to mend."""
    found = parse_duration(text)
    if isinstance(found, timedelta):
        return found
    raise ConfigError(f"cannot read the length of time {text!r}: write it as 90s, 30m, 2h or 3d")


class Move:
    """Shifts dates so that the newest is ``newest``; with ``span``, squeezes them into it too."""

    def __init__(
        self, dates: Iterable[datetime | None], newest: datetime, span: timedelta | None = None
    ) -> None:
        known = [date for date in dates if date]
        self._newest = newest
        self._old_newest = max(known, default=newest)
        old_span = self._old_newest - min(known, default=newest)
        self._scale = span / old_span if span and old_span else 1.0

    def __call__(self, date: datetime | None) -> datetime | None:
        return date and self._newest - (self._old_newest - date) * self._scale


@lru_cache(maxsize=100_000)
def _parse(text: str, today: str) -> datetime | None:
    if _NUMBER.fullmatch(text):
        seconds = float(text) / (1000 if len(text.partition(".")[0]) > 10 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        pass
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
    return _parse_words(text, today)


def _parse_words(text: str, today: str) -> datetime | None:
    """``28 февраля``, ``вчера в 12:30``, ``May 3, 2024 at 9pm``."""
    import dateparser  # type: ignore[import-untyped]  # slow to load, and most files need it not

    found = dateparser.parse(
        text,
        languages=["ru", "en"],
        settings={
            "RELATIVE_BASE": datetime.fromisoformat(today) + timedelta(days=1),
            "PREFER_DATES_FROM": "past",
        },
    )
    return _aware(found) if found else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)
