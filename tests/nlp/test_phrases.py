"""The second opinion: what runs of tokens say, in training and as it ships."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from nlp.calibrate import Blend, blend
from nlp.encoding import Encoder
from nlp.evaluate import asked, truth
from nlp.judge import JudgeInput
from nlp.labels import FIELDS, span_of
from nlp.onnx_judge import WIDTH, OnnxJudge
from nlp.train.dequantised import phrases
from nlp.train.export import FLOAT32
from nlp.train.net import from_base
from nlp.train.operators import Graph
from nlp.train.phrases import BUCKETS, FACTOR, LONGEST, PRIME, opinions, runs, table_of
from nlp.train.phrases_graph import add_phrases
from nlp.train.run import Rows
from nlp.train.sets import EDITS
from nlp.train.start import start_from
from nlp.train.tensors import Tokens
from tests.nlp.conftest import Tiny
from tests.nlp.one_graph import run
from tests.nlp.tiny import quiet

Floats = NDArray[np.float32]
TABLE = np.random.default_rng(1).normal(size=(BUCKETS, WIDTH)).astype(np.float32)
TOKENS = (0, 41, 17, 17, 99_999, 2)
PADDED = torch.tensor([[*TOKENS], [0, 41, 2, 1, 1, 1]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])


def by_hand(tokens: Sequence[int]) -> list[list[int]]:
    """Rows of the table by length of run, in plain arithmetic."""
    return [
        [place(tokens[start : start + length]) for start in range(len(tokens) - length + 1)]
        for length in range(1, LONGEST + 1)
    ]


def place(run: Sequence[int]) -> int:
    number = run[0]
    for token in run[1:]:
        number = (number * FACTOR + token) % PRIME
    return number % BUCKETS


def test_a_run_is_of_the_posts_own_tokens_in_their_order() -> None:
    places, own = runs(PADDED, MASK)
    for row, length in enumerate((6, 3)):
        wanted = by_hand(PADDED[row, :length].tolist())
        for at, of_length in enumerate(wanted):
            kept = own[row, :, at] > 0
            assert places[row, :, at][kept].tolist() == of_length
    assert by_hand([4, 5])[1] != by_hand([5, 4])[1]


def answers(*, int8: bool, alone: bool = False) -> tuple[Floats, Floats]:
    """Logits and parts of a graph that has nothing but phrases."""
    graph = Graph(int8)
    for name, axis in (("second_axis", 1), ("third_axis", 2)):
        graph.constant(name, np.array([axis], np.int64))
    logits, parts = add_phrases(graph, TABLE, "mask", "logits", "parts")
    ids, mask = (PADDED[1:, :3], MASK[1:, :3]) if alone else (PADDED, MASK)
    rows, tokens = ids.shape
    given = {
        "ids": ids.numpy().astype(np.int32),
        "mask": mask.numpy().astype(np.float32)[..., None],
        "logits": np.zeros((rows, WIDTH), np.float32),
        "parts": np.zeros((rows, tokens, len(FIELDS["urgency"])), np.float32),
    }
    found, shares = run(graph, given, [logits, parts])
    return found, shares


def wanted(tokens: Sequence[int]) -> Floats:
    places = [place for of_length in by_hand(tokens) for place in of_length]
    found: Floats = TABLE[places].sum(0) / np.sqrt(len(places))
    return found


@pytest.mark.parametrize("int8", [False, True])
def test_the_exported_table_says_what_was_learnt(int8: bool) -> None:
    logits, _ = answers(int8=int8)
    for row, tokens in zip(logits, (TOKENS, (0, 41, 2)), strict=True):
        np.testing.assert_allclose(row, wanted(tokens), atol=0.05 if int8 else 1e-4)


def test_each_tokens_share_is_exact_and_none_is_outside() -> None:
    logits, parts = answers(int8=False)
    np.testing.assert_allclose(parts.sum(1), logits[:, span_of("urgency")], atol=1e-4)
    assert not parts[1, 3:].any()
    single, pairs, threes = (TABLE[places][:, span_of("urgency")] for places in by_hand(TOKENS))
    last = (single[-1] + pairs[-1] / 2 + threes[-1] / 3) / np.sqrt(15)
    np.testing.assert_allclose(parts[0, -1], last, atol=1e-4)


def test_company_changes_nothing() -> None:
    for together, alone in zip(answers(int8=True), answers(int8=True, alone=True), strict=True):
        np.testing.assert_allclose(together[1:, : alone.shape[1]], alone, atol=1e-6)


def learnt(tiny: Tiny, rows: Rows) -> tuple[Floats, Encoder]:
    encoder = Encoder.load(tiny.options.out / "tokenizer.json", max_tokens=48)
    tokens = Tokens(encoder, [example for found in rows.train.values() for example in found])
    return table_of(rows.train, tokens, seed=1, progress=quiet), encoder


def test_it_learns_alike_every_time_and_from_no_edit(tiny: Tiny) -> None:
    rows = Rows.of(tiny.options.data, tiny.options.more)
    table, encoder = learnt(tiny, rows)
    edits = [*rows.train["real.jsonl"]]
    again, _ = learnt(tiny, Rows({**rows.train, EDITS: edits}, rows.tune))
    np.testing.assert_array_equal(table, again)
    known = [each for each in rows.train["triage_invented.jsonl"] if each.targets]
    said = opinions(table, encoder, list(map(asked, known)))[:, span_of("sentiment")]
    right = said.argmax(1) == [truth(each, "sentiment") for each in known]
    assert right.mean() > 0.8


def test_the_judge_is_the_network_and_the_opinion(tiny: Tiny) -> None:
    judge = OnnxJudge.load(tiny.options.out, weights=FLOAT32)
    given = [JudgeInput("Жду ответа третий день"), JudgeInput("Спасибо, всё решили", "Ромашка")]
    net, tokenizer = from_base(tiny.options.base)
    start_from(net, (tiny.options.out,))
    net.train(mode=False)
    encoder = Encoder(tokenizer, max_tokens=48)
    constants = onnx.load(str(tiny.options.out / FLOAT32)).graph.initializer
    (table,) = (numpy_helper.to_array(each) for each in constants if each.name == "phrases")
    assert np.abs(table).any()
    shipped = phrases(tiny.options.out)
    assert shipped is not None
    np.testing.assert_allclose(shipped, table, atol=np.abs(table).max() / 127)
    for row, said, opinion in zip(
        encoder([each.text for each in given], [each.brand for each in given]),
        judge.logits(given),
        opinions(table, encoder, given),
        strict=True,
    ):
        ids = torch.tensor([row])
        own = net(ids, torch.ones_like(ids)).detach().numpy()[0, :WIDTH]
        np.testing.assert_allclose(said, own + opinion, atol=1e-3)


def test_an_opinion_counts_by_how_much_it_helps() -> None:
    random = np.random.default_rng(1)
    truths = random.integers(0, 2, 400)
    sure = np.where(truths[:, None] == np.arange(2), 1.0, -1.0).astype(np.float32)
    noise = random.normal(size=(400, 2)).astype(np.float32)
    assert blend(noise, sure, truths).weight == 1.0
    assert blend(sure, noise, truths).weight < 0.1
    assert blend(sure[:0], noise[:0], truths[:0]) == Blend(0.0, 1.0)
