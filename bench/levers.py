"""What each lever of the training recipe gives: short runs, each with one of them left out.

    python -m bench.levers --data DIR --base DIR [--without parts --without votes …] [--share 0.1]

All runs learn from one share of the training side, by group, and are measured on another: the rows
that `molva evaluate` reports on stay unseen, since nothing should be chosen by them. A tenth of the
rows says which lever pulls, not how far it pulls a whole run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np

from nlp.evaluate import TRIAGE
from nlp.gate import Comparison, Trial
from nlp.train.examples import Example
from nlp.train.export import Trained, write_model
from nlp.train.learn import learn
from nlp.train.plan import chance
from nlp.train.posts import PART
from nlp.train.run import Options, Rows
from nlp.train.sets import EDITS, MORE, MORE_SETS
from nlp.train.split import groups

MEASURED_SHARE = 0.15
NAMES, PHRASES = "names", "phrases"
Change = Callable[[str, Example], Example | None]  # by file; None: the row is left out
OWN = {wanted.file for wanted in MORE_SETS}


def _without_name(example: Example) -> Example:
    return replace(example, names=())


def _without_votes(example: Example) -> Example:
    """The likeliest label alone."""
    sure = {
        head: tuple(np.eye(len(target))[np.argmax(target)].tolist())
        for head, target in example.targets.items()
    }
    return replace(example, targets=sure)


LEVERS: Mapping[str, Change] = {
    NAMES: lambda file, example: _without_name(example),
    "votes": lambda file, example: _without_votes(example),
    "other sets": lambda file, example: example if example.part in TRIAGE else None,
    "parts": lambda file, example: None if file == "parts.jsonl" else example,
    "edits": lambda file, example: None if file == EDITS else example,
    "own labels": lambda file, example: None if file in OWN else example,
}
EVERY = (*LEVERS, PHRASES)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the runs learn from, and what they are measured on."""

    rows: Rows
    measured: Sequence[Example]

    @classmethod
    def of(cls, rows: Rows, share: float) -> Ground:
        every = [example for found in rows.train.values() for example in found]
        places = {
            id(example): chance("levers", group)
            for example, group in zip(every, groups([e.keys for e in every]), strict=True)
        }
        chosen = {
            file: [e for e in found if places[id(e)] < share] for file, found in rows.train.items()
        }
        measured = [
            example
            for example in every
            if places[id(example)] >= 1 - MEASURED_SHARE
            and example.part in TRIAGE
            and PART not in example.id
        ]
        return cls(Rows(chosen, rows.tune), measured)

    def without(self, lever: str) -> Ground:
        change = LEVERS[lever]
        train = {
            file: [changed for e in found if (changed := change(file, e)) is not None]
            for file, found in self.rows.train.items()
        }
        less = replace(self, rows=replace(self.rows, train=train))
        return less.nameless() if lever == NAMES else less

    def nameless(self) -> Ground:
        """A judge that never saw a name is not asked with one."""
        rows = replace(self.rows, tune=[_without_name(e) for e in self.rows.tune])
        return Ground(rows, [_without_name(e) for e in self.measured])


def network(options: Options, ground: Ground) -> Trained:
    """Learnt from these rows; its checkpoints lie in a directory that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        return learn(replace(options, out=Path(folder)), ground.rows, lambda facts: None)


def trial(trained: Trained, ground: Ground) -> Trial:
    """Export, calibrate and measure, in a directory that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        judge = write_model(trained, Path(folder), ground.rows.tune, keep_float32=False)
        return Trial.of(judge, ground.measured, lambda done, of: None)


@click.command
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--base", required=True, help="Encoder to start from.")
@click.option(
    "--without",
    "levers",
    type=click.Choice(EVERY),
    multiple=True,
    help="A lever to leave out, in a run of its own; all of them, one by one, if none is named.",
)
@click.option("--share", type=click.FloatRange(0, 1 - MEASURED_SHARE), default=0.1)
@click.option("--epochs", type=click.IntRange(min=1), default=3, show_default=True)
def command(*, data: Path, base: str, levers: Sequence[str], share: float, epochs: int) -> None:
    """Print every named measure with and without each lever, and the interval of the change."""
    options = Options(data=data, base=base, out=data, epochs=epochs)
    ground = Ground.of(Rows.of(data, MORE), share)
    trained = network(options, ground)
    whole = trial(trained, ground)
    click.echo(f"{sum(map(len, ground.rows.train.values()))} rows, {len(ground.measured)} measured")
    for lever in levers or EVERY:
        if lever == PHRASES:  # the same network: what is left out stands beside it
            silent = replace(trained, phrases=np.zeros_like(trained.phrases))
            less = trial(silent, ground)
        else:
            without = ground.without(lever)
            less = trial(network(options, without), without)
        click.echo(f"without {lever}:")
        click.echo(Comparison.of(whole, less))


if __name__ == "__main__":
    command()
