"""How far a figure may be off by the luck of the draw: the same rows, drawn again and again.

Rows are drawn by group: two posts of one brand, one contrast set or one text tell less than two
strangers do, and an interval that takes them for strangers is too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.measures import Values

TIMES = 1_000
SEED = 1
CONFIDENCE = 0.95
MIN_GROUPS = 5  # of fewer nothing can be drawn that deserves the name of an interval


class Resamples:
    """Which groups each draw holds how often. The first draw is the rows as they are."""

    def __init__(self, groups: Sequence[str]) -> None:
        names, self._place = np.unique(np.array(groups), return_inverse=True)
        self.groups = len(names)
        draw = np.random.default_rng(SEED)
        even = np.full(self.groups, 1 / self.groups)
        drawn = draw.multinomial(self.groups, even, size=TIMES)
        self._times = np.vstack([np.ones(self.groups), drawn])

    def sums(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """(1 + TIMES, ...): the sum of ``rows`` (rows, ...) in each draw."""
        flat = rows.reshape(len(rows), -1)
        by_group = np.zeros((self.groups, flat.shape[1]))
        np.add.at(by_group, self._place, flat)
        found: NDArray[np.float64] = (self._times @ by_group).reshape(-1, *rows.shape[1:])
        return found


def interval(values: Values, within: tuple[float, float]) -> tuple[float, float]:
    """The spread of the draws, laid around the first value; never outside of what can be.

    Laid around it, since drawing with repetition shifts some measures as a whole: a calibration
    error grows in nearly every draw, and the plain percentiles would lie above what was measured.
    """
    drawn = values[1:][np.isfinite(values[1:])]
    if not len(drawn):
        return within
    outside = (1 - CONFIDENCE) / 2
    low, middle, high = np.quantile(drawn, [outside, 0.5, 1 - outside])
    return (
        max(within[0], float(values[0] + low - middle)),
        min(within[1], float(values[0] + high - middle)),
    )
