"""The table of phrases in the exported graph: ``nlp.train.phrases`` in operators of ONNX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from nlp.labels import span_of
from nlp.train.operators import Graph
from nlp.train.phrases import BUCKETS, FACTOR, LONGEST, PRIME


def add_phrases(
    graph: Graph, table: NDArray[np.float32], mask: str, logits: str, parts: str
) -> tuple[str, str]:
    """Add what the runs of a post say to its ``logits``, and each token's share to its ``parts``.

    Shapes: ``table`` (BUCKETS, labels), ``mask`` (rows, tokens, 1).
    """
    whole = graph.constant("runs.whole", np.array([1, 2], np.int64))
    for by in (-1, *range(1, LONGEST)):
        graph.constant(f"runs.by.{by}", np.array([by, -by], np.int64))
    places, own = _runs(graph, mask)
    said = graph.node("Mul", [graph.table(places, "phrases", table), own])
    count = graph.node("Sqrt", [graph.node("ReduceSum", [own, whole])])  # (rows, 1, 1, 1)
    said = graph.node("Div", [said, count])  # (rows, tokens, lengths, labels)
    summed = graph.node("ReduceSum", [said, whole], keepdims=0)
    return graph.node("Add", [logits, summed]), graph.node("Sum", [parts, *_shares(graph, said)])


def _runs(graph: Graph, mask: str) -> tuple[str, str]:
    """Rows of the table (rows, tokens, lengths) by where a run starts; 0 where padding is in it."""
    last = graph.constant("runs.last", np.array([-1], np.int64))
    token = number = graph.node("Cast", ["ids"], to=TensorProto.INT64)
    factor, prime, buckets = (
        graph.constant(f"runs.{name}", np.array(value, np.int64))
        for name, value in (("factor", FACTOR), ("prime", PRIME), ("buckets", BUCKETS))
    )
    numbers, masks = [number], [mask]
    for _ in range(1, LONGEST):
        token, mask = _moved(graph, token, -1), _moved(graph, mask, -1)
        longer = graph.node("Add", [graph.node("Mul", [number, factor]), token])
        number = graph.node("Mod", [longer, prime])
        numbers.append(number)
        masks.append(mask)
    each = [graph.node("Unsqueeze", [number, last]) for number in numbers]
    places = graph.node("Mod", [graph.node("Concat", each, axis=2), buckets])
    own = graph.node("Concat", masks, axis=2)
    return places, graph.node("Unsqueeze", [own, last])


def _shares(graph: Graph, said: str) -> list[str]:
    """What each token adds to urgency: of every run that it is in, an even share."""
    span = span_of("urgency")
    ends = [np.array([at], np.int64) for at in (span.start, span.stop, 3)]
    first, after, labels = map(graph.constant, ("runs.first", "runs.after", "runs.labels"), ends)
    levels = graph.node("Slice", [said, first, after, labels])
    shares = []
    for length in range(1, LONGEST + 1):
        place = graph.constant(f"runs.of.{length}", np.array([length - 1], np.int64))
        of_length = graph.node(
            "Squeeze", [graph.node("Gather", [levels, place], axis=2), "third_axis"]
        )
        parts = graph.constant(f"runs.parts.{length}", np.array(length, np.float32))
        share = graph.node("Div", [of_length, parts])
        shares += [share, *(_moved(graph, share, by) for by in range(1, length))]
    return shares


def _moved(graph: Graph, x: str, by: int) -> str:
    """Along the tokens, to the right by so many; what comes in from outside is 0."""
    return graph.node("Pad", [x, f"runs.by.{by}", "", "second_axis"])
