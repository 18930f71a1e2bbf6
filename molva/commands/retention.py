"""``molva retention``: what is older than its index may keep goes."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from molva.output import emit, json_option


@click.command
@click.option("--dry-run", is_flag=True, help="Count what would go, and delete nothing.")
@json_option
def command(*, dry_run: bool, as_json: bool) -> None:
    """Delete what is older than [retention] in watch.toml allows.

    \b
    Example:
      molva retention --dry-run
    """
    from mentions.settings import load_settings
    from mentions.store import open_store

    with open_store(load_settings()) as store:
        counts = store.retain(now=datetime.now(UTC), dry_run=dry_run)
        emit({"dry_run": dry_run, **counts}, as_json=as_json)
