"""What int8 costs one product, and what listening to its channels spares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp.encoding import Encoder
from nlp.train.export import heard
from nlp.train.graph import Shape, listener
from nlp.train.net import from_base
from nlp.train.operators import Graph, Loudest
from nlp.train.sets import read_all
from tests.nlp.conftest import Tiny
from tests.nlp.one_graph import run

Floats = NDArray[np.float32]
LOUD = 5  # the channel
RANDOM = np.random.default_rng(1)
WEIGHT = RANDOM.normal(size=(16, 32)).astype(np.float32)
BIAS = RANDOM.normal(size=16).astype(np.float32)


def product(x: Floats, loudest: Loudest, *, active: bool = False) -> Floats:
    graph = Graph(int8=True, loudest=loudest)
    graph.rounding()
    name = graph.linear("x", "product", WEIGHT, BIAS, active=active)
    return run(graph, {"x": x}, [name])[0]


def error(x: Floats, loudest: Loudest, *, active: bool = False) -> float:
    apart = product(x, loudest, active=active) - (x @ WEIGHT.T + BIAS)
    return float(np.sqrt(np.square(apart).mean()))


def test_a_loud_channel_leaves_the_others_their_digits() -> None:
    x = RANDOM.normal(size=(4, 7, 32)).astype(np.float32)
    x[..., LOUD] *= 10
    assert error(x, {"product": np.abs(x).max((0, 1))}) < 0.8 * error(x, {})


def test_a_channel_that_was_never_heard_is_not_blown_up() -> None:
    x = RANDOM.normal(size=(4, 7, 32)).astype(np.float32)
    silent = np.abs(x).max((0, 1))
    silent[LOUD] = 0.0
    assert np.isfinite(product(x, {"product": silent})).all()


def test_what_gelu_gives_has_all_the_digits() -> None:
    x = np.abs(RANDOM.normal(size=(4, 7, 32))).astype(np.float32)
    x[..., ::3] = -0.1
    assert error(x, {}, active=True) < 0.8 * error(x, {})


def test_the_listener_hears_the_loud_channel(tiny: Tiny) -> None:
    net, tokenizer = from_base(tiny.options.base)
    weights = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    weights["trunk.embeddings.LayerNorm.weight"][LOUD] *= 100
    posts = [example for found in read_all(tiny.options.data).values() for example in found]
    model = listener(weights, Shape.of(net.trunk.config)).SerializeToString()
    loudest = heard(model, Encoder(tokenizer, max_tokens=32), posts)
    assert list(loudest) == [f"trunk.encoder.layer.{n}.qkv" for n in range(len(loudest))]
    assert loudest["trunk.encoder.layer.0.qkv"].argmax() == LOUD
