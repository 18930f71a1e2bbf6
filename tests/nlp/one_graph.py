"""A few operators, run by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnxruntime import InferenceSession  # type: ignore[import-untyped]

from nlp.train.graph import IR_VERSION, OPSET
from nlp.train.operators import MS, Graph


def run(
    graph: Graph, given: Mapping[str, NDArray[Any]], outputs: Sequence[str]
) -> list[NDArray[Any]]:
    """What the graph makes of its inputs, by the names of what it gives out."""
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), None)
        for name, value in given.items()
    ]
    answers = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "one", inputs, answers, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MS, 1)],
    )
    model.ir_version = IR_VERSION
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[NDArray[Any]] = session.run(list(outputs), dict(given))
    return found
