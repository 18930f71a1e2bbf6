"""What a judge is, what it is given and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mentions.errors import RecordError

SHIPPED = Path(__file__).parent / "model"


@dataclass(frozen=True, slots=True)
class JudgeInput:
    """A text, and the name of the brand from whose side it is judged."""

    text: str
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Calibrated probabilities: {field: {label: p}}, in the order of ``FIELDS``.

    ``why``: the words that moved urgency most, most first; empty if it is low, or not known.
    """

    probabilities: Mapping[str, Mapping[str, float]]
    why: tuple[str, ...] = ()

    def __getitem__(self, field: str) -> str:
        """The likeliest label of a field."""
        shares = self.probabilities[field]
        return max(shares, key=shares.__getitem__)


class Judge(Protocol):
    """One judgement for each input, in the order given; RecordError if an input breaks it."""

    @property
    def model(self) -> str:
        """Which weights judge: ``name@revision``."""

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]: ...


def judge_each(judge: Judge, inputs: Sequence[JudgeInput]) -> list[Judgement | None]:
    """As ``judge``, but None for an input that breaks it; the others do not suffer."""
    try:
        return list(judge(inputs))
    except RecordError:
        if len(inputs) == 1:
            return [None]
    half = len(inputs) // 2
    return [*judge_each(judge, inputs[:half]), *judge_each(judge, inputs[half:])]
