"""`molva health`: is a source well?"""

from __future__ import annotations

from datetime import UTC, datetime

import click

from mentions.errors import BlockedError, UnhealthyError
from mentions.settings import load_settings
from molva.output import emit, json_option


@click.command()
@click.argument("name")
@click.option("--since", help="A crawl must have ended since this time, or this long ago.")
@json_option
def command(name: str, since: str | None, *, as_json: bool) -> None:
    """Say whether the source NAME is well: exit 0 if so, 3 if not, 4 if its site keeps us out.

    It goes by the record of the last crawl and by the latest post that was ever read.

    \b
    Example:
      molva health forum
      molva health forum --since 2h
    """
    from crawlers.dates import read_since
    from crawlers.health import complaints
    from mentions.store import open_store

    settings = load_settings()
    source = settings.source(name)
    now = datetime.now(UTC)
    after = read_since(since, now=now) if since else None
    with open_store(settings) as store:
        run = store.ledger.last_run("crawl", name)
        newest = store.ledger.newest_post(name)
    found = complaints(name, source, run, newest, now=now, since=after)
    facts = {
        "source": name,
        "verdict": run.verdict if run else None,
        "crawled": run.began_at.isoformat() if run else None,
        "newest": newest.isoformat() if newest else None,
        "complaints": [str(complaint) for complaint in found],
    }
    emit(facts, as_json=as_json)
    if found:
        kind = BlockedError if any(c.is_block for c in found) else UnhealthyError
        raise kind(f"{name} is not well: {len(found)} complaint(s)")
