"""How many of what: every stage ends with counts, so that zero is seen and sums can be checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Counts(Counter[str]):
    """Outcomes and how often each came up. Adding two keeps zeros, which ``Counter`` drops."""

    def __add__(self, other: Mapping[str, int]) -> Counts:  # type: ignore[override]
        total = Counts(self)
        total.update(other)
        return total
