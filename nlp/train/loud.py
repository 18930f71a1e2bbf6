"""Which channels are too loud to be rounded together with the others.

A few channels of the feed-forward layers carry values ten to fifty times those of the rest, on a
few tokens (other work on int8 calls them outlier features). One scale has to fit a whole batch, so
they would leave the others a handful of steps. Multiplied apart they cost nothing measurable.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from nlp.batches import by_length, padded
from nlp.encoding import Encoder
from nlp.judge import JudgeInput
from nlp.train.graph import Loud, Shape, Weights, drawn, model_of

CHANNELS = 8
SAMPLE = 300  # texts
PRODUCTS = (".intermediate.dense", ".output.dense")
NOT_THESE = ".attention.output.dense"


def loud_channels(
    weights: Weights, shape: Shape, encoder: Encoder, inputs: Sequence[JudgeInput]
) -> Loud:
    """The loudest channels of every feed-forward product, over the first of these inputs."""
    graph = drawn(weights, shape, int8=False)
    watched = [name for name in graph.reads if name.endswith(PRODUCTS) and NOT_THESE not in name]
    places = [graph.reads[name] for name in watched]
    session = onnxruntime.InferenceSession(
        model_of(graph, places).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    chosen = inputs[:SAMPLE] or [JudgeInput("")]
    rows = encoder([each.text for each in chosen], [each.brand for each in chosen])
    peaks: dict[str, NDArray[np.float32]] = {}
    for batch in by_length([len(row) for row in rows]):
        ids, lengths = padded([rows[at] for at in batch], encoder.special.pad)
        real = np.arange(ids.shape[1])[None, :] < lengths[:, None]
        found = session.run(places, {"ids": ids, "lengths": lengths})
        for name, values in zip(watched, found, strict=True):
            peak = np.abs(values[real]).max(axis=0)
            peaks[name] = np.maximum(peaks.get(name, peak), peak)
    return {name: np.sort(np.argsort(-peak)[:CHANNELS]) for name, peak in peaks.items()}
