"""Another model than the shipped one: any classifier on Hugging Face whose labels we can name.

A model answers some of the fields; the shipped judge answers the rest. Its labels are either
``field:label`` (``urgency:high``), or plain words of sentiment. Whatever else it says is an error:
a label that is guessed at is a wrong judgement in every single post.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mentions.errors import ConfigError, RecordError
from nlp.batches import by_length, padded
from nlp.encoding import plain
from nlp.judge import SHIPPED, Judge, JudgeInput, Judgement
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
            raise ConfigError(f"the model's label {name!r} means nothing here; it serves no field")
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
        if rest is None and set(self._columns) != set(FIELDS):
            raise ConfigError("the model does not answer every field")

    @classmethod
    def load(cls, source: str, *, revision: str | None) -> Self:
        """``source`` is an id on the hub, or a local directory (without a revision)."""
        try:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ModuleNotFoundError as error:
            raise ConfigError(f"no module {error.name}: {CURE}") from error
        pinned: dict[str, Any] = {"revision": revision} if revision else {}
        try:
            net = AutoModelForSequenceClassification.from_pretrained(
                source, use_safetensors=True, trust_remote_code=False, **pinned
            )
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, **pinned)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{source}: not served ({error})") from error
        rest = None if set(bind(net.config.id2label)) == set(FIELDS) else OnnxJudge.load(SHIPPED)
        return cls(net.eval(), tokenizer, f"{source}@{revision or 'local'}", rest)

    @property
    def model(self) -> str:
        return self._name if self._rest is None else f"{self._name}+{self._rest.model}"

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        places: dict[JudgeInput, int] = {}
        for each in inputs:
            places.setdefault(each, len(places))
        distinct = list(places)
        logits = self._logits(distinct)
        rest = self._rest(distinct) if self._rest else [Judgement({})] * len(distinct)
        answers = [self._judgement(row, other) for row, other in zip(logits, rest, strict=True)]
        return [answers[places[each]] for each in inputs]

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
        import torch

        longest = min(MAX_TOKENS, self._net.config.max_position_embeddings - 2)
        rows = [self._ids(each, longest) for each in inputs]
        found = np.empty((len(rows), self._net.config.num_labels), np.float32)
        for batch in by_length([len(row) for row in rows], TOKEN_BUDGET):
            ids, lengths = padded([rows[at] for at in batch], self._tokenizer.pad_token_id or 0)
            mask = np.arange(ids.shape[1])[None, :] < lengths[:, None]
            with torch.inference_mode():
                answer = self._net(
                    input_ids=torch.from_numpy(ids).long(),
                    attention_mask=torch.from_numpy(mask).long(),
                )
            found[batch] = answer.logits.float().numpy()
        if not np.isfinite(found).all():
            raise RecordError("the model's answer is not a number")
        return found

    def _ids(self, given: JudgeInput, longest: int) -> list[int]:
        """The text alone: a stranger's model was not trained to read a brand before it."""
        ids: list[int] = self._tokenizer(
            plain(given.text), truncation=True, max_length=longest
        ).input_ids
        return ids
