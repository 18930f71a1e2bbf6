"""Deletes what is older than its index may keep, one command for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mentions.counts import Counts
from mentions.settings import Retention
from mentions.store.client import Client, Operation
from mentions.store.names import Names

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class _Rule:
    setting: str
    mapping: str
    age_by: str  # the date that counts
    only: tuple[dict[str, Any], ...] = ()


RULES = (
    # When we took it in, not when it was written: a backfill of old posts must not vanish at once.
    _Rule("mentions", "mentions", "mention.first_seen"),
    # An alert that nobody has seen yet is never too old to be seen.
    _Rule("alerts", "alerts", "created_at", ({"term": {"pending": False}},)),
    _Rule("alert_events", "alert-events", "at"),
    _Rule("runs", "runs", "began_at"),
    _Rule("seen", "seen", "at"),
    _Rule("rejects", "rejects", "at"),
)


def retain(
    client: Client, names: Names, ages: Retention, *, now: datetime, dry_run: bool = False
) -> Counts:
    """How many documents of each index went, or with ``dry_run`` would go."""
    counts = Counts()
    for rule in RULES:
        index = names.index(rule.mapping)
        before = (now - getattr(ages, rule.setting)).isoformat()
        query = {"bool": {"filter": [{"range": {rule.age_by: {"lt": before}}}, *rule.only]}}
        client.refresh(index)
        if dry_run:
            answer = client.call(lambda es, i=index, q=query: es.count(index=i, query=q))  # type: ignore[misc]
            counts[rule.setting] = int(answer["count"])
        else:
            counts[rule.setting] = _delete(client, index, query)
    return counts


def _delete(client: Client, index: str, query: dict[str, Any]) -> int:
    """Page by page; a document that changed since it was found is young again, and stays."""
    deleted = 0
    while page := _page(client, index, query):
        outcomes = list(client.bulk(_deletions(index, page)))
        gone = sum(status < 300 for _, status, _ in outcomes)
        deleted += gone
        client.refresh(index)
        if gone == 0:
            break
    return deleted


def _page(client: Client, index: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.call(
        lambda es: es.search(
            index=index, query=query, size=BATCH, source=False, seq_no_primary_term=True
        )
    )
    hits: list[dict[str, Any]] = answer["hits"]["hits"]
    return hits


def _deletions(index: str, hits: list[dict[str, Any]]) -> Iterator[Operation]:
    for hit in hits:
        yield {
            "_op_type": "delete",
            "_index": index,
            "_id": hit["_id"],
            "if_seq_no": hit["_seq_no"],
            "if_primary_term": hit["_primary_term"],
        }
