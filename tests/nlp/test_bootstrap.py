"""Intervals: as wide as the luck of the draw, and no narrower where rows hang together."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.bootstrap import Resamples, interval
from nlp.figures import Answers, figure_of, measure

SHARE = (0.0, 1.0)
HALF = np.arange(200) % 2.0  # every other row is right


def spread(groups: list[str], rows: np.ndarray = HALF) -> tuple[float, float]:
    draws = Resamples(groups)
    return interval(draws.sums(rows) / draws.sums(np.ones(len(rows))), SHARE)


def test_the_interval_of_a_share_is_the_one_in_the_books() -> None:
    low, high = spread([str(row) for row in range(200)])
    off = 1.96 * np.sqrt(0.25 / 200)
    assert (low, high) == pytest.approx((0.5 - off, 0.5 + off), abs=0.012)


def test_rows_of_one_group_are_drawn_together() -> None:
    alone = spread([str(row) for row in range(200)])
    in_twenties = spread([str(row % 2) + str(row // 20) for row in range(200)])
    assert in_twenties[1] - in_twenties[0] > 2 * (alone[1] - alone[0])


def test_the_first_draw_is_the_rows_as_they_are() -> None:
    draws = Resamples(["a", "b", "b", "c"])
    sums = draws.sums(np.arange(8.0).reshape(4, 2))
    assert sums[0].tolist() == [12, 16]
    assert sums.shape == (1_001, 2)


def test_the_same_rows_are_drawn_the_same_for_every_judge() -> None:
    groups = [str(row // 3) for row in range(60)]
    one, other = (Resamples(groups).sums(np.eye(60)) for _ in range(2))
    assert (one == other).all()
    assert (one[:, 0] == one[:, 2]).all()


def test_an_interval_lies_around_what_was_measured_and_within_what_can_be() -> None:
    values = np.array([0.03, *np.linspace(0.04, 0.08, 1_000)])  # every draw is above the value
    low, high = interval(values, SHARE)
    assert 0 < low < 0.03 < high < 0.06
    assert interval(np.array([0.99, *np.linspace(0.5, 1.0, 100)]), SHARE)[1] == 1.0


def test_too_few_groups_have_a_value_and_no_interval() -> None:
    draws = Resamples(["a", "b"] * 40)
    figure = figure_of(draws.sums(np.ones(80)) / 80, draws)
    assert figure == {"value": 1.0, "low": None, "high": None}


def test_a_measure_of_nothing_is_not_in_the_table() -> None:
    even = np.full((30, 3), 1 / 3)
    neutral = Answers(np.ones(30, int), np.zeros(30, int), even, np.full(30, True))
    found = measure({"sentiment": neutral}, [str(row) for row in range(30)])
    assert "poles F1" not in found["figures"]
    assert found["figures"]["sentiment F1"]["value"] == 0


def test_a_row_without_the_field_counts_for_nothing() -> None:
    truth, groups = np.array([0, 1, 2] * 10), [str(row) for row in range(30)]
    shares, known = np.eye(3)[truth], truth != 2
    shares[truth == 2] = [1, 0, 0]
    found = measure({"sentiment": Answers(truth, shares.argmax(1), shares, known)}, groups)
    assert found["figures"]["sentiment F1"]["value"] == 1
