"""What a judge is, what it is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mentions.errors import ConfigError, RecordError
from nlp.labels import said

SHIPPED = Path(__file__).parent / "model"
ANOTHER = "take the shipped model, or train one with `molva train`"


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
        """The label that is answered for a field."""
        return said(field, self.probabilities[field])


class Judge(Protocol):
    """One judgement for each input, in the order given; RecordError if an input breaks it."""

    @property
    def model(self) -> str:
        """Which weights judge: ``name@revision``."""

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]: ...


LONG = JudgeInput("а б в " * 2_000)  # cut by every model to the most that it reads


def check_judge(judge: Judge, source: object) -> None:
    """Refuse a model that breaks on ``LONG``: it would break on good posts too.

    ``source``: where the model lies, for the message.
    """
    try:
        judge([LONG])
    except RecordError as error:
        raise ConfigError(
            f"{source}: not even a plain long text is judged ({error}): its configuration, "
            f"tokenizer and weights do not fit each other; {ANOTHER}"
        ) from error


def once_each(
    judge: Callable[[Sequence[JudgeInput]], list[Judgement]], inputs: Sequence[JudgeInput]
) -> list[Judgement]:
    """As ``judge``, which sees each of several identical inputs once."""
    distinct = list(dict.fromkeys(inputs))
    found = dict(zip(distinct, judge(distinct), strict=True))
    return [found[each] for each in inputs]


def judge_each(judge: Judge, inputs: Sequence[JudgeInput]) -> list[Judgement | None]:
    """As ``judge``, but None for an input that breaks it; the others do not suffer.

    ConfigError if it is the judge that is broken, and not every single input.
    """
    found = _each(judge, inputs)
    if inputs and not any(found):
        check_judge(judge, judge.model)
    return found


def _each(judge: Judge, inputs: Sequence[JudgeInput]) -> list[Judgement | None]:
    try:
        return list(judge(inputs))
    except RecordError:
        if len(inputs) == 1:
            return [None]
    half = len(inputs) // 2
    return [*_each(judge, inputs[:half]), *_each(judge, inputs[half:])]
