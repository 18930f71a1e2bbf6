"""``molva restore``: take back what ``molva export`` has written."""

from __future__ import annotations

from pathlib import Path

import click

from molva.output import emit, json_option


@click.command
@click.option(
    "--input",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder that `molva export` has written.",
)
@json_option
def command(*, folder: Path, as_json: bool) -> None:
    """Add the documents of an export to this namespace; what is there already stays as it is.

    Run `molva init` first, and nothing else until it is done: a responder that is up meanwhile
    posts the alerts that were still on their way. Can be repeated.

    \b
    Example:
      molva init && molva restore --input backup-2026-01-31
    """
    from mentions.errors import PermanentError
    from mentions.settings import load_settings
    from mentions.store import open_store
    from mentions.store.portable import Portable

    with open_store(load_settings()) as store:
        counts = Portable(store.client, store.names).restore(folder)
        emit(counts, as_json=as_json)
    if refused := [name for name in counts if name.endswith("refused")]:
        raise PermanentError(f"the store refuses documents of {', '.join(refused)}")
