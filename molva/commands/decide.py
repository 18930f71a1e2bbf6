"""``molva decide``: alert, digest, silent or review, for every mention that is judged."""

from __future__ import annotations

import click

from molva.output import emit, json_option


@click.command
@click.option("--dry-run", is_flag=True, help="Count what would be decided, and write nothing.")
@click.option("--limit", type=click.IntRange(min=1), help="Decide at most so many mentions.")
@json_option
def command(*, dry_run: bool, limit: int | None, as_json: bool) -> None:
    """Decide what becomes of each judged mention, and create the alerts.

    Nothing is sent: `molva respond` does that. Can be repeated at any time.

    \b
    Example:
      molva decide --dry-run
    """
    from alerts.decide import Decider
    from mentions.settings import load_settings
    from mentions.store import open_store

    settings = load_settings()
    with open_store(settings) as store:
        decider = Decider(store, settings)
        if dry_run:
            emit({"dry_run": True, **decider.decide(limit=limit, dry_run=True)}, as_json=as_json)
            return
        run = store.ledger.begin_run("decide")
        counts = decider.decide(limit=limit)
        store.ledger.end_stage(run, counts, "not decided")
        emit(counts, as_json=as_json)
