"""What a judge is, and which one is asked: the shipped model, a directory, or a Hugging Face id."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mentions.errors import ConfigError, RecordError

SHIPPED = Path(__file__).parent / "model"
_PINNED = re.compile(r"(?P<id>(?:[\w.-]+/)?[\w.-]+)@(?P<revision>[0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class JudgeInput:
    """A text, and the name of the brand from whose side it is judged."""

    text: str
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Calibrated probabilities: {field: {label: p}}, in the order of ``FIELDS``."""

    probabilities: Mapping[str, Mapping[str, float]]

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


def load_judge(model: str | None = None) -> Judge:
    """The shipped judge; or a model directory, or ``owner/name@commit`` of Hugging Face."""
    from nlp.onnx_judge import OnnxJudge

    if model is None or Path(model).is_dir():
        return OnnxJudge.load(SHIPPED if model is None else Path(model))
    pinned = _PINNED.fullmatch(model)
    if pinned is None:
        raise ConfigError(
            f"model = {model!r}: neither a model directory nor a Hugging Face model with its whole "
            'commit, as in "owner/name@0123456789abcdef0123456789abcdef01234567"'
        )
    from nlp.hf_judge import HfJudge

    return HfJudge.load(pinned["id"], revision=pinned["revision"])


def judge_each(judge: Judge, inputs: Sequence[JudgeInput]) -> list[Judgement | None]:
    """As ``judge``, but None for an input that breaks it; the others do not suffer."""
    try:
        return list(judge(inputs))
    except RecordError:
        if len(inputs) == 1:
            return [None]
    half = len(inputs) // 2
    return [*judge_each(judge, inputs[:half]), *judge_each(judge, inputs[half:])]
