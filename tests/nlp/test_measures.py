"""Measures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp import measures
from nlp.calibrate import temperature


def confusion(truth: measures.Labels, said: measures.Labels, labels: int) -> measures.Values:
    """Counts by (true label, said label)."""
    return np.asarray(measures.one_each(truth, said, labels).sum(0))


TRUTH = np.array([0, 0, 1, 1, 2])
SAID = np.array([0, 1, 1, 1, 0])
TABLE = confusion(TRUTH, SAID, 3)


def test_confusion_counts_by_truth_and_answer() -> None:
    assert TABLE.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_macro_f1_is_the_mean_over_labels() -> None:
    assert measures.macro_f1(TABLE) == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert measures.macro_f1(TABLE, [0, 1]) == pytest.approx(0.65)


def test_labels_that_do_not_occur_do_not_count() -> None:
    assert measures.macro_f1(confusion(TRUTH[:4], SAID[:4], 3)) == pytest.approx((2 / 3 + 0.8) / 2)


def test_kappa_is_one_for_agreement_and_nothing_for_chance() -> None:
    assert measures.quadratic_kappa(np.diag([3, 4, 5])) == 1
    assert measures.quadratic_kappa(np.full((2, 2), 5)) == 0


def test_far_off_costs_more_than_near() -> None:
    near = confusion(np.array([0, 1, 2, 3]), np.array([1, 1, 2, 3]), 4)
    far = confusion(np.array([0, 1, 2, 3]), np.array([3, 1, 2, 3]), 4)
    assert measures.quadratic_kappa(near) > measures.quadratic_kappa(far)


def test_a_label_that_was_never_there_is_neither_found_nor_missed() -> None:
    false_alarm = confusion(np.array([0, 0]), np.array([0, 1]), 3)
    assert measures.macro_f1(false_alarm) == pytest.approx(2 / 3)
    assert np.isnan(measures.macro_f1(false_alarm, [1, 2]))
    assert np.isnan(measures.precision(false_alarm, [2]))
    assert np.isnan(measures.recall(false_alarm, [1]))
    assert np.isnan(measures.quadratic_kappa(np.diag([4, 0, 0])))
    assert np.isnan(measures.quadratic_kappa(confusion(np.zeros(3, int), np.array([0, 1, 1]), 3)))


def test_precision_and_recall() -> None:
    assert measures.precision(TABLE, [1]) == pytest.approx(2 / 3)
    assert measures.recall(TABLE, [1]) == pytest.approx(1)
    assert measures.precision(TABLE, [0, 2]) == pytest.approx(1)
    assert measures.recall(TABLE, [0, 2]) == pytest.approx(2 / 3)


def test_tables_of_many_draws_are_measured_as_each_alone() -> None:
    tables = np.random.default_rng(1).integers(0, 9, (5, 4, 4)).astype(float)
    for measure in (measures.macro_f1, measures.quadratic_kappa):
        assert measure(tables) == pytest.approx([float(measure(table)) for table in tables])
    both = measures.precision(tables, (2, 3))
    assert both == pytest.approx([float(measures.precision(t, (2, 3))) for t in tables])


def test_a_judge_as_right_as_it_is_sure_has_no_calibration_error() -> None:
    shares = np.array([[0.75, 0.25]] * 4)

    def error(truth: list[int]) -> float:
        bins = measures.binned(shares, np.zeros(4, int), np.array(truth))
        return float(measures.calibration_error(bins.sum(0)))

    assert error([0, 0, 0, 1]) == pytest.approx(0)
    assert error([0, 0, 1, 1]) == pytest.approx(0.25)


def test_an_overconfident_model_is_cooled_down() -> None:
    logits = np.array([[6.0, 0.0]] * 4, np.float32)
    heat = temperature(logits, np.array([0, 0, 0, 1]))
    assert 1 / (1 + np.exp(-6 / heat)) == pytest.approx(0.75, abs=0.03) or heat == 4.0
    assert temperature(logits[:0], np.array([], np.int64)) == 1.0
