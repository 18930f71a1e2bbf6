"""How far each part is behind, asked of the store in a handful of cheap questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mentions.model import DeliveryState
from mentions.store.alerts import refused_by_chat
from mentions.store.client import Client
from mentions.store.condition import blocked
from mentions.store.ledger import OK, Run, run_of
from mentions.store.mentions import UNDECIDED, UNSCORED
from mentions.store.names import Names

MAX_GROUPS = 1_000  # sources, or stages, that one answer holds
_ENDED = {"exists": {"field": "verdict"}}
# Nobody is known to have seen it. What waits for an update stands in the chat; what waits for proof
# may, but while Slack hangs that is where every alert ends.
_WAITING = [DeliveryState.NEW, DeliveryState.POSTING, DeliveryState.UNKNOWN]
_UNSENT = {
    "bool": {
        "filter": [{"terms": {"delivery.state": _WAITING}}],
        "must_not": [{"exists": {"field": "ts"}}],
    }
}


@dataclass(frozen=True, slots=True)
class Gauges:
    """One reading; nothing in it is older than the question."""

    writable: bool  # whether each of our indices takes writes; a full disk shuts them
    unscored: int
    undecided: int
    alerts: Mapping[str, int]  # by state of delivery
    refused: int  # alerts, or updates of them, that the chat does not take; a person must act
    oldest_unsent: datetime | None  # when the oldest alert that nobody is known to see was made
    latest_runs: tuple[Run, ...]  # of each stage; of `crawl` for each source
    last_success: Mapping[str, datetime]  # when the latest good crawl of a source began


def read(client: Client, names: Names, brands: Collection[str]) -> Gauges:
    """As of the last refresh, which is a second ago: measuring must not make work.

    ``brands`` are those watched: a refused alert of another has no channel to go to any more.
    """
    asking = _Asking(client, names)
    crawls = [{"term": {"stage": "crawl"}}, _ENDED]
    crawled = asking.latest("source", crawls)
    good = asking.latest("source", [{"term": {"stage": "crawl"}}, {"term": {"verdict": OK}}])
    others = asking.latest("stage", [_ENDED], [{"term": {"stage": "crawl"}}])
    return Gauges(
        writable=not blocked(client, names),
        unscored=asking.count("mentions", UNSCORED),
        undecided=asking.count("mentions", UNDECIDED),
        alerts={
            str(state): asking.count("alerts", {"term": {"delivery.state": str(state)}})
            for state in DeliveryState
        },
        refused=asking.count("alerts", refused_by_chat(brands)),
        oldest_unsent=asking.oldest_unsent(),
        latest_runs=(*crawled, *others),
        last_success={run.source: run.began_at for run in good if run.source},
    )


class _Asking:
    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names

    def count(self, mapping: str, query: dict[str, Any]) -> int:
        index = self._names.index(mapping)
        return int(self._client.call(lambda es: es.count(index=index, query=query))["count"])

    def oldest_unsent(self) -> datetime | None:
        found = self._search("alerts", query=_UNSENT, sort=[{"created_at": "asc"}], size=1)
        return datetime.fromisoformat(found[0]["created_at"]) if found else None

    def latest(
        self, by: str, wanted: list[dict[str, Any]], unwanted: list[dict[str, Any]] | None = None
    ) -> list[Run]:
        """The latest run of each value of a field."""
        found = self._search(
            "runs",
            query={"bool": {"filter": wanted, "must_not": unwanted or []}},
            sort=[{"began_at": {"order": "desc"}}],
            collapse={"field": by},
            size=MAX_GROUPS,
        )
        return [run_of(source) for source in found]

    def _search(self, mapping: str, **body: Any) -> list[Mapping[str, Any]]:
        index = self._names.index(mapping)
        answer = self._client.call(lambda es: es.search(index=index, **body))
        return [hit["_source"] for hit in answer["hits"]["hits"]]
