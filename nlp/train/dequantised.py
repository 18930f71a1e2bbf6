"""A model's weights under the names that they were trained by, as far as int8 kept them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from mentions.errors import ConfigError
from nlp.labels import FIELDS
from nlp.onnx_judge import WEIGHTS
from nlp.train.graph import Weights
from nlp.train.operators import LEAST_GELU

Found = dict[str, NDArray[np.float32]]


def dequantised(model: Path) -> Weights:
    """Undo what ``nlp.train.graph`` makes of a network; heads that do not ship are not there."""
    try:
        return _named(_constants(model))
    except KeyError as error:
        raise ConfigError(
            f"{model}: {WEIGHTS} has no {error}, so it is not an export of `molva train`"
        ) from error


def phrases(model: Path) -> NDArray[np.float32] | None:
    """The table (BUCKETS, labels) as it counts in the answer; None in weights of before 0064."""
    found = _constants(model)
    return found["phrases"] * found["phrases.scale"] if "phrases" in found else None


def _constants(model: Path) -> Found:
    graph = onnx.load(str(model / WEIGHTS)).graph
    return {each.name: numpy_helper.to_array(each) for each in graph.initializer}


def _named(found: Found) -> Found:
    at = "trunk.embeddings."
    places = found["places"]
    named = {
        f"{at}word_embeddings.weight": found["words"] * found["words.scale"],
        f"{at}position_embeddings.weight": places,
        f"{at}token_type_embeddings.weight": np.zeros_like(places[:1]),  # part of the positions
        f"{at}LayerNorm.weight": found["embedded.gain"],
        f"{at}LayerNorm.bias": found["embedded.shift"],
        "head.bias": found["head.bias"],
        **_heads(found),
    }
    for name in (name for name in found if name.startswith("trunk.encoder.")):
        layer, _, kind = name.rpartition(".")
        if kind == "weight":
            named |= _linear(found, layer)
        elif kind in ("gain", "shift"):
            named[f"{layer}.LayerNorm.{'weight' if kind == 'gain' else 'bias'}"] = found[name]
    return named


def _heads(found: Found) -> Found:
    if "heads" not in found:  # weights of before gates (0063)
        return {"head.weight": found["head.weight"]}
    anywhere, *own = np.split(found["heads"].T, 1 + len(FIELDS), axis=1)
    return {
        "head.weight": anywhere,
        "focus.weight": np.add.reduce(own),  # each has the rows of one field
        "gate.weight": found["gate.weight"].T,
        "gate.bias": found["gate.bias"],
    }


def _linear(found: Found, name: str) -> Found:
    weight = found[f"{name}.weight"].T * found[f"{name}.scale"][:, None]
    bias = found[f"{name}.bias"]
    after_gelu = name.endswith("output.dense") and ".attention." not in name
    if after_gelu and "least_active" in found:  # weights of before 0053 were exported without
        bias = bias - LEAST_GELU * weight.sum(axis=1)
    if f"{name}.even" in found:
        weight = weight * found[f"{name}.even"]
    if not name.endswith(".qkv"):
        return {f"{name}.weight": weight, f"{name}.bias": bias}
    at = name.removesuffix("qkv") + "attention.self."
    parts = zip(("query", "key", "value"), np.split(weight, 3), np.split(bias, 3), strict=True)
    return {f"{at}{p}.{kind}": v for p, w, b in parts for kind, v in (("weight", w), ("bias", b))}
