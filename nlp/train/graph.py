"""The trained network written down as an ONNX graph of fused operators, in int8 or float32.

Built by hand rather than traced: every operator is one that ONNX Runtime runs fused on a CPU, and
no tracer's version decides what is shipped. Inputs are ``ids`` (rows, tokens) and ``lengths``
(rows); padding stands on the right. Outputs are ``logits`` (rows, labels), and ``parts`` (rows,
tokens, levels): what each token adds to the logits of urgency, which are their sum and the bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from nlp.labels import FIELDS, span_of
from nlp.train.operators import MS, Graph, Loudest
from nlp.train.phrases_graph import add_phrases

Weights = Mapping[str, NDArray[np.float32]]
OPSET = 18
IR_VERSION = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """What the weights alone do not say."""

    layers: int
    heads: int
    epsilon: float

    @classmethod
    def of(cls, config: Any) -> Shape:
        return cls(config.num_hidden_layers, config.num_attention_heads, config.layer_norm_eps)


def build(
    weights: Weights,
    shape: Shape,
    *,
    int8: bool,
    loudest: Loudest | None = None,
    phrases: NDArray[np.float32] | None = None,
) -> onnx.ModelProto:
    """The whole model; ``weights`` are those of a BERT trunk under ``trunk.`` and of ``head``.

    ``loudest`` is what a ``listener`` of the same weights heard; without it int8 errs more.
    ``phrases`` is the table whose answers are added to those of the network, if there is one.
    """
    graph = Graph(int8, loudest or {})
    if int8:
        graph.rounding()
    _answers(graph, weights, _trunk(graph, weights, shape), phrases)
    return _model(
        graph,
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", "labels"]),
        helper.make_tensor_value_info("parts", TensorProto.FLOAT, ["rows", "tokens", "levels"]),
    )


def listener(weights: Weights, shape: Shape) -> onnx.ModelProto:
    """In float32, and answers how loud each channel is that goes into attention, by product."""
    watched: list[str] = []
    graph = Graph(int8=False, watched=watched)
    graph.constant("row_axes", np.array([0, 1], np.int64))
    _trunk(graph, weights, shape)
    floats = TensorProto.FLOAT
    return _model(
        graph, *(helper.make_tensor_value_info(name, floats, ["channels"]) for name in watched)
    )


def _trunk(graph: Graph, weights: Weights, shape: Shape) -> str:
    x = _embedded(graph, weights, shape)
    for layer in range(shape.layers):
        x = _layer(graph, weights, shape, x, f"trunk.encoder.layer.{layer}.")
    return x


def _model(graph: Graph, *outputs: onnx.ValueInfoProto) -> onnx.ModelProto:
    whole = TensorProto.INT32
    inputs = [
        helper.make_tensor_value_info("ids", whole, ["rows", "tokens"]),
        helper.make_tensor_value_info("lengths", whole, ["rows"]),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "judge", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MS, 1)],
        producer_name="molva",
    )
    model.ir_version = IR_VERSION
    return model


def _embedded(graph: Graph, weights: Weights, shape: Shape) -> str:
    at = "trunk.embeddings."
    words = graph.table("ids", "words", weights[f"{at}word_embeddings.weight"])
    # All tokens are of type 0: its row is part of every position.
    kinds = weights[f"{at}token_type_embeddings.weight"]
    places = weights[f"{at}position_embeddings.weight"] + kinds[0]
    count = graph.node("Shape", ["ids"], start=1, end=2)
    zero = graph.constant("zero", np.zeros(1, np.int64))
    near = graph.node("Slice", [graph.constant("places", places), zero, count])
    summed = graph.node("Add", [words, near])
    return graph.node(
        "LayerNormalization",
        [
            summed,
            graph.constant("embedded.gain", weights[f"{at}LayerNorm.weight"]),
            graph.constant("embedded.shift", weights[f"{at}LayerNorm.bias"]),
        ],
        epsilon=shape.epsilon,
    )


def _layer(graph: Graph, weights: Weights, shape: Shape, x: str, at: str) -> str:
    parts = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
    graph.watch(x, f"{at}qkv")
    joined = graph.linear(
        x,
        f"{at}qkv",
        np.concatenate([weights[f"{part}.weight"] for part in parts]),
        np.concatenate([weights[f"{part}.bias"] for part in parts]),
    )
    query, key, value = graph.nodes_of("Split", [joined], 3, axis=-1, num_outputs=3)
    seen = graph.node(
        "MultiHeadAttention",
        [query, key, value, "", "lengths"],
        domain=MS,
        num_heads=shape.heads,
    )
    answer = _dense(graph, weights, seen, f"{at}attention.output.dense")
    x = _joined(graph, weights, shape, x, answer, f"{at}attention.output.")
    wide = graph.node("Gelu", [_dense(graph, weights, x, f"{at}intermediate.dense")], domain=MS)
    narrow = _dense(graph, weights, wide, f"{at}output.dense", active=True)
    return _joined(graph, weights, shape, x, narrow, f"{at}output.")


def _dense(graph: Graph, weights: Weights, x: str, name: str, *, active: bool = False) -> str:
    return graph.linear(x, name, weights[f"{name}.weight"], weights[f"{name}.bias"], active=active)


def _joined(graph: Graph, weights: Weights, shape: Shape, x: str, new: str, at: str) -> str:
    """A block's output, added to its input and normalised.

    Two operators: ``SkipLayerNormalization``, which is both, goes through the values one by one.
    """
    return graph.node(
        "LayerNormalization",
        [
            graph.node("Add", [x, new]),
            graph.constant(f"{at}gain", weights[f"{at}LayerNorm.weight"]),
            graph.constant(f"{at}shift", weights[f"{at}LayerNorm.bias"]),
        ],
        epsilon=shape.epsilon,
    )


def _answers(graph: Graph, weights: Weights, x: str, phrases: NDArray[np.float32] | None) -> None:
    """The means over a row's own tokens, the heads on them, and what each token adds; float32."""
    second = graph.constant("second_axis", np.array([1], np.int64))
    third = graph.constant("third_axis", np.array([2], np.int64))
    lengths = graph.node("Unsqueeze", ["lengths", second])
    own = graph.node("Unsqueeze", [_own_tokens(graph, lengths), third])
    mask = graph.node("Cast", [own], to=TensorProto.FLOAT)
    counts = graph.node("Cast", [graph.node("Unsqueeze", [lengths, second])], to=TensorProto.FLOAT)
    even = graph.node("Div", [mask, counts])
    gates = _gates(graph, weights, x, own)
    # (rows, means, tokens) @ (rows, tokens, hidden): all means at once, and no copy of the states.
    shares = graph.node("Transpose", [graph.node("Concat", [even, gates], axis=2)], perm=[0, 2, 1])
    means = graph.node("Flatten", [graph.node("MatMul", [shares, x])], axis=1)
    heads = graph.constant("heads", _on_all_means(weights))
    bias = graph.constant("head.bias", weights["head.bias"])
    logits = graph.node("Gemm", [means, heads, bias])
    parts = _parts(graph, weights, x, even, gates)
    if phrases is not None:
        logits, parts = add_phrases(graph, phrases, mask, logits, parts)
    for answer, name in ((logits, "logits"), (parts, "parts")):
        graph.nodes.append(helper.make_node("Identity", [answer], [name]))


def _own_tokens(graph: Graph, lengths: str) -> str:
    """(rows, tokens): false where a row is padded."""
    count = graph.node("Squeeze", [graph.node("Shape", ["ids"], start=1, end=2)])
    start = graph.constant("first", np.array(0, np.int64))
    step = graph.constant("next", np.array(1, np.int64))
    places = graph.node("Cast", [graph.node("Range", [start, count, step])], to=TensorProto.INT32)
    return graph.node("Less", [places, lengths])


def _gates(graph: Graph, weights: Weights, x: str, own: str) -> str:
    """(rows, tokens, fields): how much of a field's own mean each token is."""
    drawn = graph.node("MatMul", [x, graph.constant("gate.weight", weights["gate.weight"].T)])
    drawn = graph.node("Add", [drawn, graph.constant("gate.bias", weights["gate.bias"])])
    nowhere = graph.constant("nowhere", np.array(-np.inf, np.float32))
    return graph.node("Softmax", [graph.node("Where", [own, drawn, nowhere])], axis=1)


def _parts(graph: Graph, weights: Weights, x: str, even: str, gates: str) -> str:
    """What each token adds to urgency, by both of its means."""
    span, at = span_of("urgency"), list(FIELDS).index("urgency")
    place = graph.constant("urgency", np.array([at], np.int64))
    gate = graph.node("Gather", [gates, place], axis=2)
    anywhere = graph.constant("head.urgency", weights["head.weight"][span].T)
    focused = graph.constant("focus.urgency", weights["focus.weight"][span].T)
    seen = [
        graph.node("Mul", [graph.node("MatMul", [x, head]), share])
        for head, share in ((anywhere, even), (focused, gate))
    ]
    return graph.node("Add", seen)


def _on_all_means(weights: Weights) -> NDArray[np.float32]:
    """One matrix (means x hidden, labels): a field reads the common mean, and its own."""
    own = [np.zeros_like(weights["focus.weight"]) for _ in FIELDS]
    for mean, span in zip(own, map(span_of, FIELDS), strict=True):
        mean[span] = weights["focus.weight"][span]
    return np.concatenate([weights["head.weight"], *own], axis=1).T
