"""``molva init``: the indices of this namespace."""

from __future__ import annotations

import click

from molva.output import emit, json_option


@click.command
@click.option(
    "--dry-run", is_flag=True, help="Say what would be made or updated, and change nothing."
)
@json_option
def command(*, dry_run: bool, as_json: bool) -> None:
    """Create the indices of this namespace, or add the fields that a newer version adds.

    Uses the admin key (MOLVA_ELASTICSEARCH_ADMIN_API_KEY) where one is set. Can be repeated.

    \b
    Example:
      molva init
    """
    from mentions.settings import load_settings
    from mentions.store import open_store

    with open_store(load_settings(), admin=True) as store:
        emit(store.schema.init(dry_run=dry_run), as_json=as_json)
