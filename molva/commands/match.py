"""`molva match`: which brands the posts of a file are about."""

from __future__ import annotations

from pathlib import Path

import click

from mentions.settings import load_settings
from molva.output import emit, json_option


@click.command()
@click.option(
    "--input",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A post file, as `molva crawl --out` writes it.",
)
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The same lines with one more field, `brands`.",
)
@json_option
def command(source: Path, target: Path, *, as_json: bool) -> None:
    """Add to each post of a file the ids of the brands in watch.toml that it is about.

    Needs no store. A line that cannot be read is left out, counted, and named by its number.

    \b
    Example:
      molva match --input posts.jsonl --output matched.jsonl
    """
    from crawlers.postfile import match_file
    from mentions.matching import Matcher

    settings = load_settings()
    result = match_file(Matcher(settings.brands), source, target)
    emit({**result.counts, "rejected_lines": result.bad}, as_json=as_json)
