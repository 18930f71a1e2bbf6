"""The shipped judge: ONNX Runtime and a tokenizer, no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    Fail,
    InvalidArgument,
    RuntimeException,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mentions.errors import ConfigError, RecordError
from nlp.batches import by_length, padded
from nlp.encoding import Encoder
from nlp.judge import ANOTHER, JudgeInput, Judgement, check_judge, once_each
from nlp.labels import FIELDS, check_labels, span_of
from nlp.why import direction, judged_low, moving_words

WEIGHTS, TOKENIZER, CONFIG = "model.onnx", "tokenizer.json", "config.json"
ENCODED_TOGETHER = 1_024  # texts
TOKEN_BUDGET = 256  # of one batch: what a core's own cache holds of it
WIDTH = sum(map(len, FIELDS.values()))
INPUTS = {"ids", "lengths"}
MIN_TOKENS = 16  # a brand takes up to 14 of them


class ModelConfig(BaseModel):
    """What the weights need beside themselves; the rest of the file is for the record."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str
    max_tokens: int = Field(ge=MIN_TOKENS)
    fields: dict[str, list[str]]
    temperatures: dict[str, Annotated[float, Field(ge=0.01, le=100)]]

    @classmethod
    def load(cls, file: Path) -> Self:
        try:
            found = cls.model_validate_json(file.read_bytes())
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}; {ANOTHER}") from error
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            raise ConfigError(
                f"{file}: not the configuration of a judge: {faults}; {ANOTHER}"
            ) from error
        check_labels(found.fields, file)
        if missing := sorted(set(FIELDS) - set(found.temperatures)):
            raise ConfigError(f"{file}: no temperature for {', '.join(missing)}; {ANOTHER}")
        return found


@dataclass(frozen=True, slots=True)
class Answers:
    """Raw outputs: a row of logits for each input, and what each of its tokens adds to urgency."""

    logits: NDArray[np.float32]
    parts: list[NDArray[np.float32] | None]  # None if the weights were exported without them


class OnnxJudge:
    """Scores on all cores; identical inputs once; memory does not grow with the texts' length.

    Each core takes a batch of its own. Cores that share the operators of one batch wait for each
    other some three hundred times in it (docs/decisions/0053).
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        encoder: Encoder,
        config: ModelConfig,
        revision: str,
        *,
        threads: int,
    ) -> None:
        self._session, self._encoder, self._config = session, encoder, config
        self._revision, self._threads = revision, threads

    @classmethod
    def load(cls, directory: Path, *, threads: int | None = None, weights: str = WEIGHTS) -> Self:
        """``weights``: another file of the directory than the one that is shipped."""
        config = ModelConfig.load(directory / CONFIG)
        encoder = Encoder.load(directory / TOKENIZER, max_tokens=config.max_tokens)
        try:
            content = (directory / weights).read_bytes()
        except OSError as error:
            raise ConfigError(f"{directory} has no weights ({weights}): `molva train`") from error
        revision = sha256(content).hexdigest()[:12]
        session = _session(content, directory / weights)
        judge = cls(session, encoder, config, revision, threads=threads or _cores())
        check_judge(judge, directory)
        return judge

    @property
    def model(self) -> str:
        return f"{self._config.name}@{self._revision}"

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        return once_each(self._judgements, inputs)

    def _judgements(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        answers = self.answers(inputs)
        shares = self._shares(answers.logits)
        return list(map(self._judgement, inputs, shares, answers.parts))

    def logits(self, inputs: Sequence[JudgeInput]) -> NDArray[np.float32]:
        """One row of raw outputs for each input: what calibration and tests start from."""
        return self.answers(inputs).logits

    @property
    def explains(self) -> bool:
        """Whether the weights were exported with what each token adds; older ones were not."""
        return len(self._session.get_outputs()) > 1

    def answers(self, inputs: Sequence[JudgeInput]) -> Answers:
        rows = self._encoded(inputs)
        found = Answers(np.empty((len(rows), WIDTH), np.float32), [None] * len(rows))

        def answer(batch: Sequence[int]) -> None:
            self._answer(batch, [rows[at] for at in batch], found)

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(answer, by_length([len(row) for row in rows], TOKEN_BUDGET)))
        if not np.isfinite(found.logits).all():
            raise RecordError("the model's answer is not a number")
        return found

    def _answer(self, batch: Sequence[int], rows: Sequence[Sequence[int]], found: Answers) -> None:
        ids, lengths = padded(rows, self._encoder.special.pad)
        try:
            logits, *more = self._session.run(None, {"ids": ids, "lengths": lengths})
        except (Fail, InvalidArgument, RuntimeException) as error:
            raise RecordError(f"the model refused an input: {type(error).__name__}") from error
        wanted = [(len(rows), WIDTH), (*ids.shape, len(FIELDS["urgency"]))][: 1 + len(more)]
        if (shapes := [np.shape(each) for each in (logits, *more)]) != wanted:
            raise RecordError(f"the model answers in the shapes {shapes}, not {wanted}")
        found.logits[batch] = logits
        for parts in more:
            for at, row, length in zip(batch, parts, lengths, strict=True):
                found.parts[at] = row[:length].copy()

    def _judgement(
        self,
        given: JudgeInput,
        shares: Mapping[str, Mapping[str, float]],
        parts: NDArray[np.float32] | None,
    ) -> Judgement:
        if parts is None or judged_low(shares["urgency"]):
            return Judgement(shares)
        text, places = self._encoder.places(given.text, given.brand)
        added = parts @ direction(shares["urgency"])
        return Judgement(shares, moving_words(text, places, added.tolist()))

    def _encoded(self, inputs: Sequence[JudgeInput]) -> list[list[int]]:
        rows: list[list[int]] = []
        for at in range(0, len(inputs), ENCODED_TOGETHER):
            part = inputs[at : at + ENCODED_TOGETHER]
            rows.extend(self._encoder([i.text for i in part], [i.brand for i in part]))
        return rows

    def _shares(self, logits: NDArray[np.float32]) -> list[dict[str, dict[str, float]]]:
        columns = {
            field: softmax(logits[:, span_of(field)] / self._config.temperatures[field]).tolist()
            for field in FIELDS
        }
        return [
            {
                field: dict(zip(FIELDS[field], column[row], strict=True))
                for field, column in columns.items()
            }
            for row in range(len(logits))
        ]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _session(weights: bytes, file: Path) -> onnxruntime.InferenceSession:
    """Runs in the thread that asks, with no threads of its own; several may ask at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it raises a dozen kinds, which share no base
        raise ConfigError(
            f"{file}: the weights are no model that ONNX Runtime reads: {error}; {ANOTHER}"
        ) from error
    if (read := {each.name for each in session.get_inputs()}) != INPUTS:
        raise ConfigError(
            f"{file}: the weights read {', '.join(sorted(read))}, "
            f"not {', '.join(sorted(INPUTS))}; {ANOTHER}"
        )
    return session
