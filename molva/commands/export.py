"""``molva export``: everything that this namespace holds, as JSON lines."""

from __future__ import annotations

from pathlib import Path

import click

from molva.output import emit, json_option


@click.command
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for one file an index; what is in it is replaced.",
)
@json_option
def command(*, out: Path, as_json: bool) -> None:
    """Write every document of this namespace into JSON lines, for a backup or another store.

    Holds what strangers wrote and called themselves: keep it as safe as the store. Each index is
    read as of one moment, bookmarks before the posts that they speak of, so stop nothing for it.

    \b
    Example:
      molva export --out backup-2026-01-31
    """
    from mentions.settings import load_settings
    from mentions.store import open_store
    from mentions.store.portable import Portable

    with open_store(load_settings()) as store:
        emit(Portable(store.client, store.names).export(out), as_json=as_json)
