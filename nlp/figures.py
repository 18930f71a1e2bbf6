"""The measures by name, and tables of figures with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from nlp import measures
from nlp.bootstrap import MIN_GROUPS, Resamples, interval
from nlp.labels import FIELDS
from nlp.measures import Labels, Shares, Values

URGENT = tuple(FIELDS["urgency"].index(level) for level in ("high", "critical"))
POLES = tuple(FIELDS["sentiment"].index(label) for label in ("negative", "positive"))
SHARE = (0.0, 1.0)


class Figure(TypedDict):
    """A value and its 95 % interval, if there is enough to draw one from."""

    value: float
    low: float | None
    high: float | None


class Measured(TypedDict):
    """What was measured on some rows; a measure with nothing to measure is not there."""

    rows: int
    groups: int
    figures: dict[str, Figure]


Table = dict[str, Measured]  # by the name of the rows


@dataclass(frozen=True, slots=True)
class Answers:
    """What a judge says of one field, and what is true, row by row."""

    truth: Labels
    said: Labels
    shares: Shares
    known: NDArray[np.bool_]  # rows without this field count for nothing

    def confusions(self) -> NDArray[np.float64]:
        labels = self.shares.shape[1]
        tables = measures.one_each(self.truth, self.said, labels)
        return tables * self.known[:, None, None]

    def bins(self) -> NDArray[np.float64]:
        return measures.binned(self.shares, self.said, self.truth) * self.known[:, None, None]


@dataclass(frozen=True, slots=True)
class Sums:
    """All that the measures of one field are made of, for each draw."""

    table: NDArray[np.float64]
    bins: NDArray[np.float64]

    @classmethod
    def of(cls, answers: Answers, draws: Resamples) -> Sums:
        return cls(draws.sums(answers.confusions()), draws.sums(answers.bins()))


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of one field."""

    field: str
    of: Callable[[Sums], Values]
    within: tuple[float, float] = SHARE
    more_is_better: bool = True


MEASURES: Mapping[str, Measure] = {
    "sentiment F1": Measure("sentiment", lambda sums: measures.macro_f1(sums.table)),
    "poles F1": Measure("sentiment", lambda sums: measures.macro_f1(sums.table, POLES)),
    "urgency F1": Measure("urgency", lambda sums: measures.macro_f1(sums.table)),
    "kappa": Measure("urgency", lambda sums: measures.quadratic_kappa(sums.table), (-1.0, 1.0)),
    "urgent P": Measure("urgency", lambda sums: measures.precision(sums.table, URGENT)),
    "urgent R": Measure("urgency", lambda sums: measures.recall(sums.table, URGENT)),
    "intent F1": Measure("intent", lambda sums: measures.macro_f1(sums.table)),
    "topic F1": Measure("topic", lambda sums: measures.macro_f1(sums.table)),
    **{
        f"{field} ECE": Measure(
            field, lambda sums: measures.calibration_error(sums.bins), more_is_better=False
        )
        for field in ("sentiment", "urgency")
    },
}


def measure(answers: Mapping[str, Answers], groups: Sequence[str]) -> Measured:
    """Every measure that these rows allow."""
    draws = Resamples(groups)
    sums = {field: Sums.of(found, draws) for field, found in answers.items()}
    figures = {
        name: figure
        for name, wanted in MEASURES.items()
        if wanted.field in sums
        and (figure := figure_of(wanted.of(sums[wanted.field]), draws, wanted.within))
    }
    return Measured(rows=len(groups), groups=draws.groups, figures=figures)


def figure_of(
    values: Values, draws: Resamples, within: tuple[float, float] = SHARE
) -> Figure | None:
    """None if there is nothing to measure."""
    if np.isnan(values[0]):
        return None
    low, high = interval(values, within) if draws.groups >= MIN_GROUPS else (None, None)
    return Figure(value=float(values[0]), low=low, high=high)


def as_markdown(table: Table, first: str = "set") -> str:
    """For a terminal and for the model card."""
    columns = list(dict.fromkeys(name for row in table.values() for name in row["figures"]))
    lines = [
        f"| {first} | rows | " + " | ".join(columns) + " |",
        "|---|---:|" + "---|" * len(columns),
    ]
    for name, row in table.items():
        cells = [_cell(row["figures"].get(column)) for column in columns]
        lines.append(f"| {name} | {row['rows']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure["low"] is None or figure["high"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.2f}–{figure['high']:.2f})"
