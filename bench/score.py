"""How fast the shipped judge is, beside the same weights in ``transformers.pipeline``.

    python -m bench.score [--posts 5000] [--model DIR] [--data FILE] [--sample 300]

The references are slow, so they are timed on a sample of the same posts.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from onnx import TensorProto, helper, numpy_helper

from bench.texts import given, invented
from nlp.encoding import Encoder
from nlp.judge import SHIPPED, JudgeInput
from nlp.onnx_judge import CONFIG, TOKENIZER, WEIGHTS, ModelConfig, OnnxJudge

BATCHES = (8, 16, 32, 64)
ALIKE = 0.9  # of the texts: rounding flips close calls, nothing more
PEAK = 1_024  # rows and columns of the product that stands for the machine's peak
# The kernel's own peak: `ru_maxrss` of a new process begins with that of the process it came from.
FIRST_SCORE = """
import sys
from pathlib import Path
from nlp.judge import JudgeInput
from nlp.load import load_judge
load_judge(sys.argv[1])([JudgeInput("Ромашка молчит", "Ромашка")])
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
T = TypeVar("T")


@click.command
@click.option("--posts", default=5_000, show_default=True)
@click.option("--sample", default=300, show_default=True, help="Posts that the references get.")
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED)
@click.option("--data", type=click.Path(path_type=Path), help="Texts to take instead.")
def command(*, posts: int, sample: int, model: Path, data: Path | None) -> None:
    """Print posts and tokens a second, and how many times faster than what."""
    inputs = given(data, posts) if data else invented(posts)
    judge, loaded = _timed(lambda: OnnxJudge.load(model))
    judge(inputs[:64])
    _, seconds = _timed(lambda: judge(inputs))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lengths = _lengths(model, inputs)
    ours = len(inputs) / seconds
    click.echo(f"texts       {len(inputs)}, tokens mean {np.mean(lengths):.0f}, max {max(lengths)}")
    click.echo(f"shipped     {ours:8.1f} posts/s {sum(lengths) / seconds:9.0f} tokens/s")
    click.echo(f"            loaded in {loaded:.2f} s, peak memory {peak:.0f} MB")
    soon, small = first(model)
    click.echo(f"            first score after {soon:.2f} s, peak memory then {small:.0f} MB")
    share = sum(lengths) / seconds * _work(model) / int8_peak()
    click.echo(f"            {share:.0%} of the machine's int8 matrix-multiply peak")
    _compare(model, judge, [each.text for each in inputs], sample)


def first(model: Path) -> tuple[float, float]:
    """Seconds that a process takes for its first score, and its peak memory in MB (Linux only)."""
    argv = [sys.executable, "-c", FIRST_SCORE, str(model)]
    done, seconds = _timed(lambda: subprocess.run(argv, stdout=subprocess.PIPE, check=True))
    return seconds, int(done.stdout) / 1024


def _compare(model: Path, judge: OnnxJudge, every: Sequence[str], sample: int) -> None:
    """Both get the texts alone: the pipeline has no place for a brand."""
    from bench.reference import transformers_pipeline

    _, seconds = _timed(lambda: judge([JudgeInput(text) for text in every]))
    ours = len(every) / seconds
    click.echo(f"without the brand        {ours:6.1f} posts/s")
    pipe = transformers_pipeline(model)
    texts = every[:: max(1, len(every) // sample)]
    options: dict[str, Any] = {"truncation": True, "top_k": None}
    pipe(texts[:8], **options)
    answers, seconds = _timed(lambda: [pipe(text, **options) for text in texts])
    _check_same(judge, texts, answers)
    alone = len(texts) / seconds
    click.echo(f"pipeline, one at a time  {alone:6.1f} posts/s: shipped is {ours / alone:.1f} x")
    best = 0.0
    for size in BATCHES:
        _, seconds = _timed(partial(pipe, texts, batch_size=size, **options))
        best = max(best, len(texts) / seconds)
    click.echo(f"pipeline, best batch     {best:6.1f} posts/s: shipped is {ours / best:.1f} x")


def _check_same(judge: OnnxJudge, texts: Sequence[str], answers: Sequence[Any]) -> None:
    """The speed of another judge would say nothing: its strongest answers must be ours."""
    ours = judge.logits([JudgeInput(text) for text in texts]).argmax(axis=1)
    same = np.mean([int(a[0]["label"]) == at for a, at in zip(answers, ours, strict=True)])
    if same < ALIKE:
        raise click.ClickException(f"the reference answers like the judge in only {same:.0%}")


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _lengths(model: Path, inputs: Sequence[JudgeInput]) -> list[int]:
    most = ModelConfig.load(model / CONFIG).max_tokens
    encoder = Encoder.load(model / TOKENIZER, max_tokens=most)
    return [len(ids) for ids in encoder([i.text for i in inputs], [i.brand for i in inputs])]


def _work(model: Path) -> float:
    """Multiply-adds of one token: the weights of every matrix it is multiplied with."""
    import onnx

    found = onnx.load(str(model / WEIGHTS)).graph.initializer
    return float(sum(np.prod(each.dims) for each in found if each.name.endswith(".weight")))


def int8_peak() -> float:
    """Multiply-adds a second of one large int8 product in ONNX Runtime: the ceiling."""
    random = np.random.default_rng(1)
    weight = random.integers(-127, 127, (PEAK, PEAK), np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "peak",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [PEAK, PEAK])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [PEAK, PEAK])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    x = {"x": random.integers(0, 255, (PEAK, PEAK), np.uint8)}
    session.run(None, x)
    rounds = [_timed(lambda: session.run(None, x))[1] for _ in range(10)]
    return float(PEAK**3) / min(rounds)


if __name__ == "__main__":
    command()
