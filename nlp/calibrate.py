"""One temperature for each field, so that "80 % sure" is right in 80 of 100 cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLDEST, WARMEST = 0.3, 4.0
STEPS = 60


def temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The one that makes the true labels likeliest; 1 if there is nothing to learn from."""
    if not len(truth):
        return 1.0
    tried = np.geomspace(COLDEST, WARMEST, STEPS)
    return float(min(tried, key=lambda t: _surprise(logits / t, truth)))


def _surprise(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    scores = logits.astype(np.float64)
    scores -= scores.max(1, keepdims=True)
    total = np.log(np.exp(scores).sum(1))
    return float((total - scores[np.arange(len(truth)), truth]).mean())
