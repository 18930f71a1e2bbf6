"""How good a judge is, in numbers that the field knows. Labels are places in ``FIELDS``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Shares = NDArray[np.float64]
BINS = 15


def confusion(truth: Labels, said: Labels, labels: int) -> NDArray[np.int64]:
    """Counts by (true label, said label)."""
    table = np.zeros((labels, labels), np.int64)
    np.add.at(table, (truth, said), 1)
    return table


def macro_f1(table: NDArray[np.int64], only: Sequence[int] | None = None) -> float:
    """Mean F1 of the labels that occur in the truth (or of ``only``)."""
    right = np.diag(table).astype(float)
    asked = table.sum(0) + table.sum(1)
    wanted = np.flatnonzero(table.sum(1)) if only is None else np.array(only)
    scores = 2 * right[wanted] / np.maximum(asked[wanted], 1)
    return float(scores.mean()) if len(scores) else float("nan")


def quadratic_kappa(table: NDArray[np.int64]) -> float:
    """Agreement beyond chance of ordered labels; being far off costs by the square."""
    places = np.arange(len(table))
    cost = (places[:, None] - places[None, :]) ** 2.0
    chance = np.outer(table.sum(1), table.sum(0)) / max(table.sum(), 1)
    worst = float((cost * chance).sum())
    return 1 - float((cost * table).sum()) / worst if worst else float("nan")


def precision_recall(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> tuple[float, float]:
    both = float((truth & said).sum())
    return (
        both / float(said.sum()) if said.any() else float("nan"),
        both / float(truth.sum()) if truth.any() else float("nan"),
    )


def calibration_error(shares: Shares, truth: Labels) -> float:
    """Expected gap between how sure the judge is and how often it is right."""
    sure, right = shares.max(1), shares.argmax(1) == truth
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(sure[place == bin_].mean()) - float(right[place == bin_].mean()))
        * float((place == bin_).mean())
        for bin_ in range(BINS)
        if (place == bin_).any()
    ]
    return sum(gaps)
