"""``molva score`` on stored mentions, end to end: how many a second, and what is not the model's.

    python -m bench.stage [--posts 20000] [--store http://127.0.0.1:9200] [--model DIR]

Without ``--store`` the embedded store is started for it. The namespace is deleted again.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path

import click

from bench.scale import BRAND, NAME, mentions, throw_away
from mentions.store import Store
from molva.embedded import embedded_store
from nlp.judge import SHIPPED, Judge, JudgeInput, Judgement
from nlp.load import load_judge
from nlp.score import score

CHUNK = 500


class Timed:
    """A judge, and how long it was busy."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.model = judge.model
        self.seconds = 0.0

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        begun = time.perf_counter()
        try:
            return self._judge(inputs)
        finally:
            self.seconds += time.perf_counter() - begun


@contextmanager
def filled(url: str, posts: int) -> Iterator[Store]:
    """A namespace of its own with so many mentions that wait to be judged."""
    new = mentions("stage", islice(count(), posts))
    with throw_away(url) as (store, _):
        while chunk := list(islice(new, CHUNK)):
            store.mentions.put(chunk)
        yield store


def measure(store: Store, judge: Timed) -> tuple[float, float]:
    """Mentions a second, and the share of the time that passes outside the judge."""
    begun = time.perf_counter()
    counts = score(store, lambda: judge, {BRAND: NAME})
    seconds = time.perf_counter() - begun
    return counts["scored"] / seconds, 1 - judge.seconds / seconds


@click.command
@click.option("--posts", default=20_000, show_default=True)
@click.option("--store", "url", help="An Elasticsearch without security.")
@click.option("--model", type=click.Path(path_type=Path), default=SHIPPED)
def command(*, posts: int, url: str | None, model: Path) -> None:
    """Print how fast stored mentions are scored, and what of it is not the model."""
    judge = Timed(load_judge(str(model)))
    judge([JudgeInput(NAME, NAME)])
    judge.seconds = 0.0
    if url is None:
        with tempfile.TemporaryDirectory() as folder, embedded_store(Path(folder)) as embedded:
            _report(embedded.url, posts, judge)
    else:
        _report(url, posts, judge)


def _report(url: str, posts: int, judge: Timed) -> None:
    with filled(url, posts) as store:
        speed, outside = measure(store, judge)
    click.echo(f"{posts} mentions: {speed:.1f} a second, {outside:.1%} of the time not the model's")


if __name__ == "__main__":
    command()
