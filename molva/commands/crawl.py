"""`molva crawl`: read one source and store what is new."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mentions.settings import load_settings
from molva.output import emit, json_option

if TYPE_CHECKING:
    from crawlers.source import Outcome, Wish
    from mentions.model import Post
    from mentions.settings import Settings

SHOWN = 300  # characters of a sample


@click.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Store nothing; count, and show a few posts.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a post file instead of storing; needs no store.",
)
@click.option("--since", help='Read down to this time: "7d", or a date such as 2026-05-21.')
@click.option("--url", help="Read this one post again.")
@click.option(
    "--backfill", is_flag=True, help="For the record only: never alerts, moves no bookmark."
)
@json_option
def command(  # noqa: PLR0913 - click hands over one argument per option
    name: str,
    out: Path | None,
    since: str | None,
    url: str | None,
    *,
    dry_run: bool,
    backfill: bool,
    as_json: bool,
) -> None:
    """Read the source NAME of watch.toml down to where it was read before.

    Done once all that was fetched is stored or set aside with a reason, even if rows could not be
    read: `molva health NAME` says whether that is well.

    \b
    Example:
      molva crawl forum
      molva crawl forum --dry-run --since 2d
      molva crawl forum --backfill --since 90d
      molva crawl forum --since 7d --out posts.jsonl
      molva crawl forum --url https://forum.example.org/t/parcel-lost/17/3
    """
    _check_combination(dry_run=dry_run, out=out, since=since, url=url, backfill=backfill)
    from crawlers.dates import read_since
    from crawlers.source import Wish

    settings = load_settings()
    down_to = read_since(since, now=datetime.now(UTC)) if since else None
    outcome = _crawl(settings, name, Wish(down_to, backfill, url), out, dry_run=dry_run)
    facts = {**outcome.counts, "verdict": outcome.verdict.value}
    emit({**facts, "complaints": outcome.report.complaints}, as_json=as_json)
    for post in () if as_json else outcome.samples:
        click.echo(_sample(post))
    if outcome.report.error is not None:
        raise outcome.report.error


def _check_combination(
    *, dry_run: bool, out: Path | None, since: str | None, url: str | None, backfill: bool
) -> None:
    if dry_run and out:
        raise click.UsageError("--dry-run writes nothing: leave out --out, or --dry-run")
    if url and (since or backfill):
        raise click.UsageError("--url reads one post: leave out --since and --backfill")
    if backfill and not since:
        raise click.UsageError("--backfill needs --since, for example --since 90d")


def _crawl(
    settings: Settings, name: str, wish: Wish, out: Path | None, *, dry_run: bool
) -> Outcome:
    from crawlers.source import crawl_dry, crawl_into_file, crawl_into_store

    if out is not None:
        return crawl_into_file(settings, name, wish, out)
    return crawl_dry(settings, name, wish) if dry_run else crawl_into_store(settings, name, wish)


def _sample(post: Post) -> str:
    when = post.published_at.isoformat() if post.published_at else f"date {post.date_flag}"
    text = " ".join(f"{post.title or ''} {post.text}".split())
    return f"\n{when}  {post.url}\n  {text[:SHOWN]}"
