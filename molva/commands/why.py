"""``molva why URL``: where a post stopped, and why."""

from __future__ import annotations

import click

from mentions.errors import UnhealthyError
from molva.output import emit, json_option


@click.command
@click.argument("url")
@json_option
def command(*, url: str, as_json: bool) -> None:
    """Say what became of the post at URL: stored, judged, decided, posted, or where it stopped.

    Exits 3 if nothing at all is known of it.

    \b
    Example:
      molva why https://forum.example.org/t/17
    """
    from mentions.settings import load_settings
    from mentions.store import open_store
    from molva.why import explain

    with open_store(load_settings()) as store:
        lines = explain(store, url)
    if not lines:
        raise UnhealthyError(
            f"nothing is known of {url}: no source has read it, or it was read longer ago than "
            "[retention] keeps; `molva crawl SOURCE --url URL` reads it now"
        )
    if as_json:
        emit({"url": url, "known": lines}, as_json=True)
    else:
        click.echo("\n".join(lines))
