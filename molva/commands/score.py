"""``molva score``: an opinion on every mention that has none, or on every line of a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from molva.output import emit, json_option

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command
@click.option("--input", "source", type=FILE, help="Score this file (docs/score-files.md).")
@click.option("--output", "target", type=FILE, help="Where to write the scores of --input.")
@click.option("--limit", type=click.IntRange(min=1), help="Score at most so many mentions.")
@json_option
def command(*, source: Path | None, target: Path | None, limit: int | None, as_json: bool) -> None:
    """Judge sentiment, urgency, intent and topic of what has no judgement yet.

    Without --input: the mentions of the store. With it: a file of JSON lines, and no store.

    \b
    Example:
      molva score
      molva score --input posts.jsonl --output scores.jsonl
    """
    if (source is None) != (target is None):
        raise click.UsageError("--input and --output go together")
    if source is None or target is None:
        emit(_score_store(limit), as_json=as_json)
        return
    if limit is not None:
        raise click.UsageError("--limit is for the store; cut the file instead")
    emit(_score_file(source, target), as_json=as_json)


def _score_store(limit: int | None) -> Mapping[str, Any]:
    from mentions.settings import load_settings
    from mentions.store import open_store
    from nlp.load import load_judge
    from nlp.score import score

    settings = load_settings()
    names = {id_: brand.name for id_, brand in settings.brands.items()}
    show = _shown_every(5.0)
    with open_store(settings) as store:
        return score(
            store,
            lambda: load_judge(settings.model),
            names,
            limit=limit,
            progress=lambda done, of: show(f"scored {done} of {of}", done),
        )


def _score_file(source: Path, target: Path) -> Mapping[str, Any]:
    from nlp.files import score_file
    from nlp.load import load_judge

    names, model = _watched()
    show = _shown_every(5.0)
    return score_file(
        load_judge(model),
        source,
        target,
        names,
        report=lambda number, reason: click.echo(f"{source}:{number}: {reason}", err=True),
        progress=lambda counts: show(f"scored {counts['scored']}", counts["scored"]),
    )


def _watched() -> tuple[dict[str, str], str | None]:
    """Brand names and model of ``watch.toml``; a file can be scored without one."""
    from mentions.settings import load_settings, read_environment

    environment, _ = read_environment()
    if environment is not None and not environment.watch.exists():
        return {}, None
    settings = load_settings()
    return {id_: brand.name for id_, brand in settings.brands.items()}, settings.model


def _shown_every(seconds: float) -> Callable[[str, int], None]:
    """Progress on standard error, not more often than that."""
    started = shown = time.monotonic()

    def show(message: str, done: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= seconds:
            shown = now
            click.echo(f"{message}, {done / (now - started):.0f} a second", err=True)

    return show
