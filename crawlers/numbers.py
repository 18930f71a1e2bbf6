"""Numbers as sites print them for people."""

from __future__ import annotations

import math
import re
from typing import Any

_THOUSANDS = {
    "k": 1_000,
    "к": 1_000,
    "тыс": 1_000,
    "m": 1_000_000,
    "м": 1_000_000,
    "млн": 1_000_000,
}
_COUNT = re.compile(r"(\d+(?:[.,]\d+)?)(k|m|к|м|тыс|млн)?\.?", re.I)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_FIVE_STARS = (1.0, 5.0)
_ABSURD = 1e15  # the store refuses a post with a count beyond 64 bits


def read_count(value: Any) -> int | None:
    """How many, from ``1204``, "38.6K" or "1,2 тыс."; None where it says nothing."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < _ABSURD else None
    found = _COUNT.fullmatch("".join(str(value).split()))
    if found is None:
        return None
    number, unit = found.groups()
    count = float(number.replace(",", ".")) * _THOUSANDS.get((unit or "").lower(), 1)
    return int(count) if count < _ABSURD else None


def read_rating(value: Any, *, best: Any = None, worst: Any = None) -> float | None:
    """A rating as a share: 0 the worst a site allows, 1 the best. Stars are 1 to 5 unless told.

    None outside the scale: many sites print 0 where nobody has rated, and what scale an 8 without
    one is on cannot be guessed.
    """
    rating = _number(value)
    if rating is None:
        return None
    low, high = _number(worst), _number(best)
    low = _FIVE_STARS[0] if low is None else low
    high = _FIVE_STARS[1] if high is None else high
    if not -math.inf < low < high < math.inf or not low <= rating <= high:
        return None
    return (rating - low) / (high - low)


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < _ABSURD else math.inf  # some are too long for a float
    found = _NUMBER.search(str(value)) if isinstance(value, str) else None
    return float(found[0].replace(",", ".")) if found else None
