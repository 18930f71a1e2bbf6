"""From trained weights to a model directory: ONNX, tokenizer, configuration. No pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession  # type: ignore[import-untyped]

from mentions.errors import ConfigError
from mentions.whole_file import whole_file
from nlp.calibrate import Blend, blend
from nlp.encoding import Encoder
from nlp.evaluate import asked, truth
from nlp.labels import FIELDS, span_of
from nlp.onnx_judge import CONFIG, TOKENIZER, WEIGHTS, OnnxJudge
from nlp.train.examples import Example
from nlp.train.graph import Shape, Weights, build, listener
from nlp.train.operators import Loudest
from nlp.train.phrases import opinions
from nlp.train.start import SHIPPED_HEADS, keep_trained

FLOAT32 = "model.float32.onnx"
NAME = "molva-judge"
LISTENED = 256  # posts at least, if there are as many: more do not get louder


@dataclass(frozen=True, slots=True)
class Trained:
    """A network's weights by name, and what else a model directory is made of."""

    weights: Weights
    phrases: NDArray[np.float32]  # (rows of the table, labels): see nlp.train.phrases
    config: Any  # of the encoder, as transformers describes it
    tokenizer: str  # the content of tokenizer.json
    max_tokens: int
    facts: Mapping[str, Any]  # how it was trained, for the record


def check_exportable(config: Any) -> None:
    """Known before hours of training, not after."""
    if config.model_type != "bert" or config.hidden_act != "gelu":
        raise ConfigError(
            f"--base is a {config.model_type} with {config.hidden_act}: "
            "only encoders of type bert with gelu are exported"
        )


def write_model(
    trained: Trained, out: Path, tune: Sequence[Example], *, keep_float32: bool
) -> OnnxJudge:
    """Everything but the card, and the judge that it makes; each file appears whole or not."""
    shape = Shape.of(trained.config)
    shipped = _of_shipped_heads(trained.weights)
    _write(out / TOKENIZER, trained.tokenizer.encode())
    encoder = Encoder.load(out / TOKENIZER, max_tokens=trained.max_tokens)
    loudest = heard(listener(shipped, shape).SerializeToString(), encoder, tune)
    graph = partial(build, shipped, shape, loudest=loudest)
    _write(out / WEIGHTS, graph(int8=True).SerializeToString())
    _write_config(trained, out, dict.fromkeys(FIELDS, Blend(0.0, 1.0)))
    opinion = opinions(trained.phrases, encoder, list(map(asked, tune)))
    blends = fitted_blends(OnnxJudge.load(out), opinion, tune)
    phrases = trained.phrases.copy()
    for field, found in blends.items():
        phrases[:, span_of(field)] *= found.weight
    _write(out / WEIGHTS, graph(int8=True, phrases=phrases).SerializeToString())
    if keep_float32:
        _write(out / FLOAT32, graph(int8=False, phrases=phrases).SerializeToString())
        keep_trained(trained.weights, out)
    _write_config(trained, out, blends)
    return OnnxJudge.load(out)


def _write_config(trained: Trained, out: Path, blends: Mapping[str, Blend]) -> None:
    config = {
        "name": NAME,
        "max_tokens": trained.max_tokens,
        "fields": {field: list(labels) for field, labels in FIELDS.items()},
        "temperatures": {field: round(each.temperature, 4) for field, each in blends.items()},
        "phrases": {field: each.weight for field, each in blends.items()},
        "training": dict(trained.facts),
    }
    _write(out / CONFIG, (json.dumps(config, ensure_ascii=False, indent=2) + "\n").encode())


def heard(model: bytes, encoder: Encoder, tune: Sequence[Example]) -> Loudest:
    """How loud each channel gets over some of these posts; empty if there are none."""
    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    loudest: dict[str, NDArray[np.float32]] = {}
    for given in map(asked, tune[:: max(1, len(tune) // LISTENED)]):
        row = np.array(encoder([given.text], [given.brand]), np.int32)
        found = session.run(names, {"ids": row, "lengths": np.array([row.shape[1]], np.int32)})
        for name, channels in zip(names, found, strict=True):
            loudest[name] = np.maximum(loudest.get(name, 0), channels)
    return loudest


def fitted_blends(
    judge: OnnxJudge, opinion: NDArray[np.float32], tune: Sequence[Example]
) -> dict[str, Blend]:
    """Of the exported network: rounding to int8 is part of how sure it may be."""
    logits = judge.logits(list(map(asked, tune)))
    found = {}
    for field in FIELDS:
        known = [at for at, example in enumerate(tune) if field in example.targets]
        truths = np.array([truth(tune[at], field) for at in known], np.int64)
        span = span_of(field)
        found[field] = blend(logits[known, span], opinion[known, span], truths)
    return found


def _of_shipped_heads(weights: Weights) -> Weights:
    """Heads that only helped in training stand last, and stay behind."""
    return {name: value[: SHIPPED_HEADS.get(name)] for name, value in weights.items()}


def _write(file: Path, content: bytes) -> None:
    with whole_file(file) as out:
        out.write(content)
