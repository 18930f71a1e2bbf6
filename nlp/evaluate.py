"""What a judge is worth on rows it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp import measures
from nlp.judge import Judge, JudgeInput, Judgement
from nlp.labels import FIELDS
from nlp.train.examples import Example, Side, repost_key
from nlp.train.sets import read_all
from nlp.train.split import split

URGENT = tuple(FIELDS["urgency"].index(level) for level in ("high", "critical"))
POLES = tuple(FIELDS["sentiment"].index(label) for label in ("negative", "positive"))
Table = dict[str, dict[str, float]]  # rows by name; columns by measure


def held_back(data: Path) -> list[Example]:
    """The rows of these files that no training run may see, with at least one of our fields.

    A row of which a re-post was trained on says nothing and is left out.
    """
    sides = split(example for found in read_all(data).values() for example in found)
    trained_on = {repost_key(example.text) for example in sides[Side.TRAIN]}
    return [
        example
        for example in sides[Side.HELD]
        if FIELDS.keys() & example.targets.keys() and repost_key(example.text) not in trained_on
    ]


def asked(example: Example) -> JudgeInput:
    """As the brand's first name; the others are only for training."""
    return JudgeInput(example.text, example.names[0] if example.names else None)


def truth(example: Example, field: str) -> int:
    return int(np.argmax(example.targets[field]))


def evaluate(judge: Judge, examples: Sequence[Example]) -> Table:
    """Measures for each set, and within it for each language if there are two."""
    judged = list(zip(examples, judge([asked(example) for example in examples]), strict=True))
    rows: Table = {}
    for part in sorted({example.part for example in examples}):
        of_part = [pair for pair in judged if pair[0].part == part]
        rows[part] = _measured(of_part)
        languages = sorted({example.language for example, _ in of_part})
        for language in languages if len(languages) > 1 else []:
            chosen = [pair for pair in of_part if pair[0].language == language]
            rows[f"{part} {language}"] = _measured(chosen)
    return rows


def _measured(pairs: Sequence[tuple[Example, Judgement]]) -> dict[str, float]:
    found: dict[str, float] = {"rows": len(pairs)}
    for field, labels in FIELDS.items():
        known = [(e, j) for e, j in pairs if field in e.targets]
        if not known:
            continue
        true = np.array([truth(example, field) for example, _ in known])
        shares = np.array([list(j.probabilities[field].values()) for _, j in known])
        found |= _of_field(field, true, shares, len(labels))
    return found


def _of_field(
    field: str, true: NDArray[np.int64], shares: NDArray[np.float64], labels: int
) -> Mapping[str, float]:
    said = shares.argmax(1)
    table = measures.confusion(true, said, labels)
    found = {f"{field} F1": measures.macro_f1(table)}
    if field == "sentiment":
        found["poles F1"] = measures.macro_f1(table, POLES)
    if field == "urgency":
        found["kappa"] = measures.quadratic_kappa(table)
        found["urgent P"], found["urgent R"] = measures.precision_recall(
            np.isin(true, URGENT), np.isin(said, URGENT)
        )
    if field in {"sentiment", "urgency"}:
        found[f"{field} ECE"] = measures.calibration_error(shares, true)
    return found


def as_markdown(table: Table) -> str:
    """For a terminal and for the model card."""
    columns = list(dict.fromkeys(name for row in table.values() for name in row))
    lines = [
        "| set | " + " | ".join(columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name, row in table.items():
        cells = [_cell(row.get(column)) for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None or np.isnan(value):
        return ""
    return f"{value:.0f}" if value >= 2 else f"{value:.3f}"
