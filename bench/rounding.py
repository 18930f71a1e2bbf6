"""What int8 costs: every measure of ``molva evaluate`` beside that of the same weights in float32.

    python -m bench.rounding --data DIR --model DIR

The model's directory holds both, as ``molva train --keep-float32`` leaves it. The temperatures are
those of the shipped weights for both. A few posts that change their label move a measure by a point
in either direction: whether a loss is more than that, the gate's own comparison says of every
measure that it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from nlp.evaluate import held_back
from nlp.figures import MEASURES, Table
from nlp.gate import Comparison, Trial
from nlp.onnx_judge import OnnxJudge
from nlp.train.export import FLOAT32

REACH = 0.3  # points that may be lost


def losses(whole: Table, rounded: Table) -> Iterator[tuple[str, float, float]]:
    """Measure, its value in float32, and how many points of a hundred int8 loses."""
    for name, row in whole.items():
        figures = rounded[name]["figures"]
        for measure, figure in row["figures"].items():
            if measure not in figures:  # none judged urgent, say: a precision of nothing
                continue
            lost = 100 * (figure["value"] - figures[measure]["value"])
            better = MEASURES[measure].more_is_better
            yield f"{name}: {measure}", figure["value"], lost if better else -lost


@click.command
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--model", type=click.Path(path_type=Path, file_okay=False), required=True)
def command(*, data: Path, model: Path) -> None:
    """Print each measure in float32 and the points that int8 loses, the largest loss last."""
    examples = held_back(data)
    whole = Trial.of(OnnxJudge.load(model, weights=FLOAT32), examples, lambda done, of: None)
    rounded = Trial.of(OnnxJudge.load(model), examples, lambda done, of: None)
    found = sorted(losses(whole.held.sets, rounded.held.sets), key=lambda loss: loss[2])
    for name, value, lost in found:
        click.echo(f"{name:40} {value:.4f} {lost:+7.2f}{'  !' if lost > REACH else ''}")
    mean = sum(lost for _, _, lost in found) / len(found)
    click.echo(f"{len(found)} measures lose {mean:+.2f} on average")
    click.echo(Comparison.of(whole, rounded))


if __name__ == "__main__":
    command()
