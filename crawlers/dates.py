"""When a post was published, from whatever its site prints."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from mentions.durations import parse_duration
from mentions.errors import ConfigError
from mentions.model import DateFlag

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # before there was a web to say it on
AHEAD = timedelta(days=1)  # what a wrong time zone explains
_LONGEST = 100  # characters; the parsers below try many patterns on each
_MILLISECONDS = 1e11  # seconds of that size lie in the year 5138
_NUMBER = re.compile(r"-?\d{9,14}(\.\d+)?")
_NO_YEAR = re.compile(r"^0000\D|\d\.0000\b|[a-zа-я]\.? 0000\b", re.I)
_MOSCOW = re.compile(r"\bмск\b|\bmsk\b", re.I)
# What a mail header never has, and a mail parser passes over.
_NO_MAIL = re.compile(r"(?<![a-z])[ap]\.?m\b|\b(?:GMT|UTC)[+-]\d", re.I)
_NOW = frozenset({"только что", "сейчас", "just now", "now", "right now"})
_Read = tuple[datetime | None, DateFlag | None]


def read_date(value: Any, *, now: datetime, timezone: ZoneInfo) -> _Read:
    """The date in UTC, or why there is none.

    ``now`` is what "yesterday" counts from; ``timezone`` is the site's, where a date names none.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, DateFlag.MISSING
    try:
        found = _parse(value, now, timezone)
    except ValueError:
        found = None
    except (OverflowError, OSError):  # beyond what a calendar holds
        return None, DateFlag.IMPLAUSIBLE
    if found is None:
        return None, DateFlag.UNREADABLE
    if not EARLIEST <= found <= now + AHEAD:
        return None, DateFlag.IMPLAUSIBLE
    return found, None


def read_since(text: str, *, now: datetime) -> datetime:
    """A time on the command line: ``7d`` ago, or a date (UTC unless it says). ``ConfigError``."""
    length = parse_duration(text.strip().removeprefix("now-"))
    if isinstance(length, timedelta):
        return now - length
    found, _ = read_date(text, now=now, timezone=ZoneInfo("UTC"))
    if found is None:
        raise ConfigError(f'{text!r} is no time; "7d" is a week ago, "2026-05-21T12:00" a date')
    return found


def _parse(value: Any, now: datetime, timezone: ZoneInfo) -> datetime | None:
    if isinstance(value, datetime):
        return _in_utc(value, timezone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(float(value))
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = " ".join(value.split())
    if _NO_YEAR.search(text):
        raise OverflowError  # mail parsers would read the year 0 as 2000
    if _NUMBER.fullmatch(text):
        return _from_epoch(float(text))
    if text.casefold() in _NOW:
        return now
    found = _from_standard(text) or _from_words(text, now, timezone)
    return None if found is None else _in_utc(found, timezone)


def _from_epoch(seconds: float) -> datetime:
    if abs(seconds) >= _MILLISECONDS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC)


def _from_standard(text: str) -> datetime | None:
    """ISO 8601, then the form of mail headers and RSS."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if _MOSCOW.search(text) or _NO_MAIL.search(text):
        return None  # a zone that mail headers do not know would be taken for UTC
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    # RFC 5322: "-0000" is UTC of an unknown zone, which Python gives back as no zone.
    return found.replace(tzinfo=UTC) if text.endswith("-0000") else found


def _from_words(text: str, now: datetime, timezone: ZoneInfo) -> datetime | None:
    """Dates like "вчера в 12:30", "2 часа назад", "21 мая 2026"."""
    import dateparser  # type: ignore[import-untyped]

    found: datetime | None = dateparser.parse(
        _MOSCOW.sub("+0300", text),
        languages=["ru", "en"],
        settings={
            "TIMEZONE": str(timezone),
            "RETURN_AS_TIMEZONE_AWARE": True,
            "RELATIVE_BASE": now.astimezone(timezone).replace(tzinfo=None),
            "PREFER_DATES_FROM": "past",
            "DATE_ORDER": "DMY",
            "REQUIRE_PARTS": ["day", "month"],
        },
    )
    return found


def _in_utc(date: datetime, timezone: ZoneInfo) -> datetime:
    return (date if date.tzinfo else date.replace(tzinfo=timezone)).astimezone(UTC)
