"""Where a run starts from if not from the bare encoder: the trained weights of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from torch import Tensor

from mentions.errors import ConfigError
from mentions.whole_file import whole_file
from nlp.labels import FIELDS
from nlp.onnx_judge import WIDTH as SHIPPED_WIDTH
from nlp.train.dequantised import dequantised
from nlp.train.graph import Weights
from nlp.train.net import SPANS, WIDTH, Net
from nlp.train.run import TRAINED

KINDS = "trunk.embeddings.token_type_embeddings.weight"


def keep_trained(weights: Weights, directory: Path) -> None:
    """All of a network, with the heads that do not ship."""
    with whole_file(directory / TRAINED) as out:
        out.write(save(dict(weights)))


def start_from(net: Net, directories: Sequence[Path]) -> None:
    """Give the network the mean of several models' weights.

    Runs from one encoder end near enough to each other for their mean to be as good as the best of
    them, or better (Wortsman et al., "Model soups", 2022).
    """
    models = [fitted(_trained(directory), net, directory) for directory in directories]
    net.load_state_dict({name: sum(m[name] for m in models) / len(models) for name in models[0]})


def _trained(directory: Path) -> Weights:
    """As the run kept them; of one that kept no float32, what is left of them after rounding."""
    file = directory / TRAINED
    if not file.is_file():
        return dequantised(directory)
    try:
        return load_file(file)
    except SafetensorError as error:
        raise ConfigError(f"--from {directory}: {TRAINED} is damaged: {error}") from error


def fitted(weights: Weights, net: Net, directory: Path) -> dict[str, Tensor]:
    """Whole: the heads that did not ship stay as they are in ``net``."""
    whole = {name: value.clone() for name, value in net.state_dict().items()}
    weights = _with_gates(weights)
    if _shapes(weights, {}) not in [_shapes(whole, each) for each in (ALL_HEADS, SHIPPED_HEADS)]:
        raise ConfigError(f"--from {directory}: trained on another --base, or for other labels")
    for name, value in weights.items():
        whole[name][: len(value)] = torch.tensor(value)
    return whole


def _with_gates(weights: Weights) -> Weights:
    """A model of before gates answers as it did: half from each mean, while both are one."""
    if "gate.weight" in weights:
        return weights
    half = weights["head.weight"] / np.float32(2)
    count = len(SPANS) if len(half) == WIDTH else len(FIELDS)
    gate = np.zeros((count, half.shape[1]), np.float32)
    gates = {"gate.weight": gate, "gate.bias": gate[:, 0], "focus.weight": half}
    return {**weights, **gates, "head.weight": half}


def _rows_of_heads(labels: int, heads: int) -> Mapping[str, int]:
    """How many rows those tensors have that grow with the heads."""
    by_label = dict.fromkeys(("head.weight", "head.bias", "focus.weight"), labels)
    return {**by_label, **dict.fromkeys(("gate.weight", "gate.bias"), heads)}


ALL_HEADS = _rows_of_heads(WIDTH, len(SPANS))
SHIPPED_HEADS = _rows_of_heads(SHIPPED_WIDTH, len(FIELDS))


def _shapes(weights: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """As they would be with so many rows of heads, and with the one type of token that is used."""
    rows = {**rows, KINDS: 1}
    return {name: (rows.get(name, len(value)), *value.shape[1:]) for name, value in weights.items()}
