"""What the demo's store holds right now, counted by the store itself.

Asked in plain JSON, as any program beside Molva might: these are ordinary documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mentions.store.names import Names
from molva.demo.local_http import Ask


@dataclass(frozen=True, slots=True)
class SourceRun:
    """How the latest crawl of a source ended."""

    source: str
    verdict: str
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Census:
    """Counts of documents, and of what the crawls say they did."""

    crawled: Mapping[str, int] = field(default_factory=dict)
    latest: tuple[SourceRun, ...] = ()
    stored: int = 0
    scored: int = 0
    decided: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)

    @property
    def posted(self) -> int:
        return self.deliveries.get("sent", 0)

    @property
    def is_settled(self) -> bool:
        """Whether every stage has done all that the stage before it has left for it."""
        decided = sum(self.decided.values())
        return self.stored == self.scored == decided and self.posted == sum(
            self.deliveries.values()
        )


def take(ask: Ask, namespace: str) -> Census:
    """Count everything in three questions."""
    names = Names(namespace)
    mentions = _search(ask, names.index("mentions"), _MENTIONS)
    alerts = _search(ask, names.index("alerts"), _ALERTS)
    runs = _search(ask, names.index("runs"), _RUNS)
    crawls = [hit["_source"] for hit in runs["hits"]["hits"]]
    groups = mentions["aggregations"]
    return Census(
        crawled=_sum(run.get("counts", {}) for run in crawls),
        latest=_latest(crawls),
        stored=int(mentions["hits"]["total"]["value"]),
        scored=int(groups["scored"]["doc_count"]),
        decided=_buckets(groups["decided"]),
        deliveries=_buckets(alerts["aggregations"]["deliveries"]),
    )


_MENTIONS: Mapping[str, Any] = {
    "size": 0,
    "track_total_hits": True,
    "aggs": {
        "scored": {"filter": {"exists": {"field": "analysis.model"}}},
        "decided": {"terms": {"field": "decision.action"}},
    },
}
_ALERTS: Mapping[str, Any] = {
    "size": 0,
    "aggs": {"deliveries": {"terms": {"field": "delivery.state"}}},
}
_RUNS: Mapping[str, Any] = {
    "size": 1_000,
    "query": {"bool": {"filter": [{"term": {"stage": "crawl"}}, {"exists": {"field": "verdict"}}]}},
    "sort": [{"began_at": {"order": "desc"}}],
}


def _search(ask: Ask, index: str, body: Mapping[str, Any]) -> Any:
    # A document can be searched a second after it was written; the demo does not want to wait.
    ask(f"/{index}/_refresh", None)
    return ask(f"/{index}/_search", body)


def _buckets(aggregation: Mapping[str, Any]) -> dict[str, int]:
    return {str(each["key"]): int(each["doc_count"]) for each in aggregation["buckets"]}


def _sum(all_counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in all_counts:
        total.update(counts)
    return dict(total)


def _latest(crawls: list[Mapping[str, Any]]) -> tuple[SourceRun, ...]:
    """One entry per source; ``crawls`` come newest first."""
    latest: dict[str, SourceRun] = {}
    for run in crawls:
        entry = SourceRun(run["source"], run["verdict"], tuple(run.get("complaints", ())))
        latest.setdefault(entry.source, entry)
    return tuple(sorted(latest.values(), key=lambda each: each.source))
