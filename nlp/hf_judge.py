"""Another model than the shipped one: any classifier on Hugging Face whose labels we can name.

A model answers some of the fields; the shipped judge answers the rest. Its labels are either
``field:label`` (``urgency:high``), or plain words of sentiment. Whatever else it says is an error:
a label that is guessed at is a wrong judgement in every single post.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mentions.errors import ConfigError, RecordError
from nlp.batches import by_length, padded
from nlp.encoding import plain
from nlp.judge import SHIPPED, Judge, JudgeInput, Judgement, check_judge, once_each
from nlp.labels import FIELDS
from nlp.onnx_judge import OnnxJudge, softmax

CURE = "a Hugging Face model needs more: pip install -r requirements/train.txt"
MAX_TOKENS = 256
TOKEN_BUDGET = 512  # of one batch
SENTIMENT_WORDS = {
    "negative": "negative",
    "neutral": "neutral",
    "positive": "positive",
    "neg": "negative",
    "neu": "neutral",
    "pos": "positive",
}

Columns = Mapping[str, Mapping[str, int]]  # {field: {label: column of the logits}}


def bind(labels: Mapping[int, str]) -> Columns:
    """Which output means which label; every label of a field must be there, and no other."""
    columns: dict[str, dict[str, int]] = {}
    for column, name in labels.items():
        field, colon, label = name.casefold().partition(":")
        if not colon:
            field, label = "sentiment", SENTIMENT_WORDS.get(field, "")
        if label not in FIELDS.get(field, ()):
            raise ConfigError(
                f"the model's label {name!r} means nothing here: labels are "
                f"{', '.join(SENTIMENT_WORDS)}, or a field with its label, as in urgency:high"
            )
        columns.setdefault(field, {})[label] = column
    for field, found in columns.items():
        if missing := sorted(set(FIELDS[field]) - set(found)):
            raise ConfigError(f"the model has no label for {field} {', '.join(missing)}")
    if sum(map(len, columns.values())) != len(labels):
        raise ConfigError("the model has two labels of one meaning")
    return columns


class HfJudge:
    """A sequence classifier run by transformers, beside the judge that answers the other fields."""

    def __init__(self, net: Any, tokenizer: Any, name: str, rest: Judge | None) -> None:
        self._net, self._tokenizer, self._name, self._rest = net, tokenizer, name, rest
        self._columns = bind(net.config.id2label)
        self._pad, self._longest = tokenizer.pad_token_id or 0, _longest(net.config)
        if rest is None and set(self._columns) != set(FIELDS):
            raise ConfigError("the model does not answer every field")

    @classmethod
    def load(cls, source: str, *, revision: str | None) -> Self:
        """``source`` is an id on the hub, or a local directory (without a revision)."""
        if revision and Path(source).exists():
            raise ConfigError(
                f"{source}@{revision}: a local {source} would be read in place of that commit: "
                "rename it, or name it without the commit"
            )
        try:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ModuleNotFoundError as error:
            raise ConfigError(f"no module {error.name}: {CURE}") from error
        pinned: dict[str, Any] = {"revision": revision} if revision else {}
        try:
            net, info = AutoModelForSequenceClassification.from_pretrained(
                source,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **pinned,
            )
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, **pinned)
        except Exception as error:  # a broken file breaks transformers in ways of its own
            raise ConfigError(f"{source}: not served ({error})") from error
        _check_classifier(source, net.config, info)
        rest = None if set(bind(net.config.id2label)) == set(FIELDS) else OnnxJudge.load(SHIPPED)
        judge = cls(net.eval(), tokenizer, f"{source}@{revision or 'local'}", rest)
        check_judge(judge, source)
        return judge

    @property
    def model(self) -> str:
        return self._name if self._rest is None else f"{self._name}+{self._rest.model}"

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        return once_each(self._judgements, inputs)

    def _judgements(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        logits = self._logits(inputs)
        rest = self._rest(inputs) if self._rest else [Judgement({})] * len(inputs)
        return [self._judgement(row, other) for row, other in zip(logits, rest, strict=True)]

    def _judgement(self, logits: NDArray[np.float32], rest: Judgement) -> Judgement:
        found: dict[str, Mapping[str, float]] = {}
        for field, labels in FIELDS.items():
            if field not in self._columns:
                found[field] = rest.probabilities[field]
                continue
            shares = softmax(logits[[self._columns[field][label] for label in labels]])
            found[field] = dict(zip(labels, shares.tolist(), strict=True))
        return Judgement(found, () if "urgency" in self._columns else rest.why)

    def _logits(self, inputs: Sequence[JudgeInput]) -> NDArray[np.float32]:
        rows = [self._ids(each) for each in inputs]
        found = np.empty((len(rows), self._net.config.num_labels), np.float32)
        for batch in by_length([len(row) for row in rows], TOKEN_BUDGET):
            found[batch] = self._answer([rows[at] for at in batch])
        if not np.isfinite(found).all():
            raise RecordError("the model's answer is not a number")
        return found

    def _answer(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        ids, lengths = padded(rows, self._pad)
        mask = np.arange(ids.shape[1])[None, :] < lengths[:, None]
        try:
            with torch.inference_mode():
                answer = self._net(
                    input_ids=torch.from_numpy(ids).long(),
                    attention_mask=torch.from_numpy(mask).long(),
                )
        except Exception as error:  # what a stranger's net raises is not known
            raise RecordError(f"the model refused an input: {type(error).__name__}") from error
        logits: NDArray[np.float32] = answer.logits.float().numpy()
        return logits

    def _ids(self, given: JudgeInput) -> list[int]:
        """The text alone: a stranger's model was not trained to read a brand before it."""
        try:
            ids: list[int] = self._tokenizer(
                plain(given.text), truncation=True, max_length=self._longest
            ).input_ids
        except Exception as error:  # tokenizers raise bare exceptions
            raise RecordError("the tokenizer refused an input") from error
        return ids or [self._pad]  # an empty text, if no marks frame it


def _longest(config: Any) -> int:
    """In tokens; a model that can read any length has no such entry, or -1."""
    positions = getattr(config, "max_position_embeddings", -1)
    return min(MAX_TOKENS, positions - 2) if positions > 0 else MAX_TOKENS


def _check_classifier(source: str, config: Any, info: Mapping[str, Any]) -> None:
    """What is missing is filled with random numbers, and transformers only warns of it."""
    if missing := sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]])):
        raise ConfigError(
            f"{source}: {len(missing)} weights are missing ({missing[0]}, …) and it would answer "
            "at random: name a model that was trained as a classifier"
        )
    if config.problem_type not in (None, "single_label_classification"):
        raise ConfigError(
            f"{source}: a model for {config.problem_type}: "
            "only single_label_classification is served"
        )
