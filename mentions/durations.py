"""Lengths of time as people write them: ``15m``, ``24h``, ``7d``, ``2w``, or ISO 8601 (``P1D``)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

LONGEST = timedelta(days=36_500)  # so that no moment minus it falls before the calendar begins
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHORT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhdw])")


def parse_duration(value: Any) -> Any:
    """A ``timedelta`` for the short form; anything else is left for pydantic to judge."""
    if isinstance(value, str) and (found := _SHORT.fullmatch(value.strip().lower())):
        return timedelta(**{_UNITS[found[2]]: float(found[1])})
    if isinstance(value, int | float):
        raise ValueError('a length of time needs its unit, for example "24h" or "7d"')
    return value


def _plausible(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    if value > LONGEST:
        raise ValueError(f"must not be longer than 100 years ({LONGEST.days}d)")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_plausible),  # after, since pydantic itself reads the ISO form
    PlainSerializer(lambda value: value.total_seconds(), when_used="json"),
]
