"""How good a judge is, in numbers that the field knows. Labels are places in ``FIELDS``.

Every function takes any number of axes before those it names, one for each resample, and answers
with as many values. A label counts only where it occurs in the truth: what was never there cannot
be found or missed. A measure with nothing to measure is not a number, never 0 and never 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Shares = NDArray[np.float64]
Counts = NDArray[Any]  # (..., true label, said label)
Values = NDArray[np.float64]
BINS = 15


def one_each(truth: Labels, said: Labels, labels: int) -> NDArray[np.float64]:
    """(rows, labels, labels): each row's own confusion table."""
    tables = np.zeros((len(truth), labels, labels))
    tables[np.arange(len(truth)), truth, said] = 1
    return tables


def macro_f1(table: Counts, only: Sequence[int] | None = None) -> Values:
    """Mean F1 of the labels that occur in the truth (and are among ``only``)."""
    right, true, said = np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1), table.sum(-2)
    scores = 2 * right / np.maximum(true + said, 1)
    wanted = true > 0
    if only is not None:
        wanted = wanted & np.isin(np.arange(table.shape[-1]), only)
    return _ratio((scores * wanted).sum(-1), wanted.sum(-1))


def quadratic_kappa(table: Counts) -> Values:
    """Agreement beyond chance of ordered labels; being far off costs by the square.

    Of a single true label there is none: chance is as right as anybody.
    """
    places = np.arange(table.shape[-1])
    cost = (places[:, None] - places[None, :]) ** 2.0
    true, said = table.sum(-1), table.sum(-2)
    total = np.maximum(true.sum(-1), 1)[..., None, None]
    chance = true[..., :, None] * said[..., None, :] / total
    agreement = 1 - _ratio((cost * table).sum((-2, -1)), (cost * chance).sum((-2, -1)))
    return np.where((true > 0).sum(-1) > 1, agreement, np.nan)


def precision(table: Counts, of: Sequence[int]) -> Values:
    """How much of what was called one of these labels is one of them."""
    return _ratio(_both(table, of), table[..., :, list(of)].sum((-2, -1)))


def recall(table: Counts, of: Sequence[int]) -> Values:
    """How much of what is one of these labels was called one of them."""
    return _ratio(_both(table, of), table[..., list(of), :].sum((-2, -1)))


def _both(table: Counts, of: Sequence[int]) -> Counts:
    both: Counts = table[..., list(of), :][..., list(of)].sum((-2, -1))
    return both


def binned(shares: Shares, said: Labels, truth: Labels) -> NDArray[np.float64]:
    """(rows, BINS, 3): each row in the bin of its certainty: 1, how sure, whether right."""
    sure, right = shares[np.arange(len(said)), said], said == truth
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins = np.zeros((len(truth), BINS, 3))
    bins[np.arange(len(truth)), place] = np.stack([np.ones(len(truth)), sure, right], 1)
    return bins


def calibration_error(bins: NDArray[np.float64]) -> Values:
    """Expected gap between how sure the judge is and how often it is right, of summed bins."""
    gaps = np.abs(bins[..., 1] - bins[..., 2]).sum(-1)
    return _ratio(gaps, bins[..., 0].sum(-1))


def _ratio(part: Any, whole: Any) -> Values:
    found = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=found, where=np.asarray(whole) > 0)
    return found
