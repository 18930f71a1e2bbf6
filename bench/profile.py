"""Where the judge's time goes, by operator: ONNX Runtime's own profile of one thread.

    python -m bench.profile [--posts 300] [--model DIR]

One thread, as the judge runs each batch; its threads side by side do the same.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from bench.texts import invented
from nlp.batches import by_length, padded
from nlp.encoding import Encoder
from nlp.judge import SHIPPED
from nlp.onnx_judge import CONFIG, TOKEN_BUDGET, TOKENIZER, WEIGHTS, ModelConfig

LEAST = 0.005  # of the time: what takes less is not listed
Batch = tuple[NDArray[np.int32], NDArray[np.int32]]


def batches(model: Path, posts: int) -> list[Batch]:
    most = ModelConfig.load(model / CONFIG).max_tokens
    encoder = Encoder.load(model / TOKENIZER, max_tokens=most)
    inputs = invented(posts)
    rows = encoder([each.text for each in inputs], [each.brand for each in inputs])
    groups = by_length([len(row) for row in rows], TOKEN_BUDGET)
    return [padded([rows[at] for at in group], encoder.special.pad) for group in groups]


def profile(weights: Path, given: Iterable[Batch]) -> Counter[str]:
    """Microseconds by operator."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = f"{folder}/profile"
        session = onnxruntime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
        for ids, lengths in given:
            session.run(None, {"ids": ids, "lengths": lengths})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    found: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            found[event["args"]["op_name"]] += event["dur"]
    return found


@click.command
@click.option("--posts", default=300, show_default=True)
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED)
def command(*, posts: int, model: Path) -> None:
    """Print each operator's share of the time, the largest first."""
    found = profile(model / WEIGHTS, batches(model, posts))
    total = found.total()
    for operator, spent in found.most_common():
        if spent >= LEAST * total:
            click.echo(f"{operator:24} {spent / total:6.1%}")


if __name__ == "__main__":
    command()
