"""What the stages must remember: bookmarks, runs, posts that became no mention, and rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from mentions.counts import Counts
from mentions.errors import PermanentError
from mentions.identity import text_hash
from mentions.store.client import Client, Operation
from mentions.store.names import Names
from mentions.text import clean

MAX_EXCERPT = 4_000
MAX_KEYWORD = 8_000  # an index refuses keywords above 32,766 bytes
OK = "ok"


@dataclass(frozen=True, slots=True)
class Seen:
    """A fetched post that became no mention, and why; no text, no name."""

    post_id: str
    site: str
    source: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that could not be read or stored."""

    stage: str
    source: str
    url: str
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a stage; ``ended_at`` and ``verdict`` are missing while it runs, or if it died."""

    id: str
    stage: str
    source: str | None
    began_at: datetime
    ended_at: datetime | None = None
    verdict: str | None = None
    complaints: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    newest: datetime | None = None  # the latest date of a post that it read


class Ledger:
    """Small facts, each under an id that makes writing it twice harmless."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names

    def bookmark(self, source: str, stream: str) -> str | None:
        """How far the stream has been read without a hole, in the spider's own notation."""
        id_ = _state_id("bookmark", source, stream)
        answer = self._client.call(
            lambda es: es.options(ignore_status=404).get(index=self._names.index("state"), id=id_)
        )
        return str(answer["_source"]["value"]) if answer.get("found") else None

    def move_bookmark(self, source: str, stream: str, value: str) -> None:
        document = {
            "kind": "bookmark",
            "source": source,
            "stream": stream,
            "value": value,
            "updated_at": _now(),
        }
        id_ = _state_id("bookmark", source, stream)
        index = self._names.index("state")
        self._client.call(lambda es: es.index(index=index, id=id_, document=document))

    def begin_run(self, stage: str, source: str | None = None) -> str:
        """Recorded before the work, so that a run that dies is seen to have begun."""
        run = Run(uuid4().hex, stage, source, datetime.now(UTC))
        self._write_run(run)
        return run.id

    def end_stage(self, run_id: str, counts: Mapping[str, int], undone: str) -> None:
        """Close a run that is well unless it set posts aside; ``undone`` says what they missed."""
        aside = counts["rejected"]
        complaints = [f"{aside} {undone}"] if aside else []
        self.end_run(run_id, counts, "rejected" if aside else OK, complaints)

    def end_run(
        self,
        run_id: str,
        counts: Mapping[str, int],
        verdict: str,
        complaints: Sequence[str] = (),
        newest: datetime | None = None,
    ) -> None:
        """Close the run; ``verdict`` is ``ok``, or a word that says what was wrong."""
        index = self._names.index("runs")
        begun = self._client.call(lambda es: es.get(index=index, id=run_id))["_source"]
        run = Run(
            id=run_id,
            stage=begun["stage"],
            source=begun.get("source"),
            began_at=datetime.fromisoformat(begun["began_at"]),
            ended_at=datetime.now(UTC),
            verdict=verdict,
            complaints=tuple(complaints),
            counts=counts,
            newest=newest,
        )
        self._write_run(run)

    def last_run(self, stage: str, source: str | None = None) -> Run | None:
        return self._latest_run(stage, source, [], "began_at")

    def last_success(self, source: str) -> datetime | None:
        """When the latest good crawl of the source began: what was public then has been read."""
        run = self._latest_run("crawl", source, [{"term": {"verdict": OK}}], "began_at")
        return run.began_at if run else None

    def newest_post(self, source: str) -> datetime | None:
        """The latest date of any post that the source has ever given us."""
        run = self._latest_run("crawl", source, [{"exists": {"field": "newest"}}], "newest")
        return run.newest if run else None

    def seen(self, entries: Sequence[Seen]) -> Counts:
        """Outcomes: seen (new), again (was there already)."""
        index = self._names.index("seen")
        return self._create_all(
            "seen",
            [
                _create(index, entry.post_id, _document(entry, url=entry.url[:MAX_KEYWORD]))
                for entry in entries
            ],
        )

    def seen_post(self, url: str) -> list[Mapping[str, Any]]:
        """Entries for this address, newest first."""
        return self._search("seen", {"term": {"url": url}}, "at", 20)

    def reject(self, entries: Sequence[Reject]) -> Counts:
        """Outcomes: rejected (new), again (the same thing was rejected before)."""
        index = self._names.index("rejects")
        operations = []
        for entry in entries:
            excerpt = clean(entry.excerpt[:MAX_EXCERPT])
            id_ = text_hash(entry.stage, entry.source, entry.url, entry.reason, excerpt)
            facts = _document(entry, excerpt=excerpt, url=clean(entry.url)[:MAX_KEYWORD])
            operations.append(_create(index, id_, facts))
        return self._create_all("rejected", operations)

    def rejects(self, url: str) -> list[Mapping[str, Any]]:
        """What was rejected at this address, newest first."""
        return self._search("rejects", {"term": {"url": url}}, "at", 20)

    def _create_all(self, done: str, operations: list[Operation]) -> Counts:
        counts = Counts({done: 0, "again": 0})
        for _, status, reason in self._client.bulk(operations):
            if status >= 400 and status != 409:
                # Here ends what has nowhere else to go: to lose it as well would be silent.
                raise PermanentError(f"the store refuses to note what was {done}: {reason}")
            counts["again" if status == 409 else done] += 1
        return counts

    def _write_run(self, run: Run) -> None:
        document = _run_document(run)
        index = self._names.index("runs")
        self._client.call(lambda es: es.index(index=index, id=run.id, document=document))

    def _latest_run(
        self, stage: str, source: str | None, filters: list[dict[str, Any]], by: str
    ) -> Run | None:
        terms: list[dict[str, Any]] = [{"term": {"stage": stage}}, *filters]
        if source is not None:
            terms.append({"term": {"source": source}})
        found = self._search("runs", {"bool": {"filter": terms}}, by, 1)
        return run_of(found[0]) if found else None

    def _search(
        self, mapping: str, query: dict[str, Any], newest_by: str, size: int
    ) -> list[Mapping[str, Any]]:
        index = self._names.index(mapping)
        self._client.refresh(index)
        sort = [{newest_by: {"order": "desc"}}]
        answer = self._client.call(
            lambda es: es.search(index=index, query=query, sort=sort, size=size)
        )
        return [hit["_source"] for hit in answer["hits"]["hits"]]


def _state_id(kind: str, source: str, stream: str) -> str:
    return text_hash(kind, source, stream)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _create(index: str, id_: str, document: dict[str, Any]) -> Operation:
    return {"_op_type": "create", "_index": index, "_id": id_, "_source": document}


def _document(entry: Seen | Reject, **changed: str) -> dict[str, Any]:
    facts = {name: getattr(entry, name) for name in entry.__slots__}
    return {**facts, **changed, "at": _now()}


def _run_document(run: Run) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": run.id,
        "stage": run.stage,
        "source": run.source,
        "began_at": run.began_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "verdict": run.verdict,
        "complaints": list(run.complaints),
        "counts": {name: int(count) for name, count in run.counts.items()},
        "newest": run.newest.isoformat() if run.newest else None,
    }
    return {name: value for name, value in facts.items() if value not in (None, [], {})}


def run_of(source: Mapping[str, Any]) -> Run:
    """A run as its document describes it."""

    def date(name: str) -> datetime | None:
        return datetime.fromisoformat(source[name]) if source.get(name) else None

    return Run(
        id=source["id"],
        stage=source["stage"],
        source=source.get("source"),
        began_at=datetime.fromisoformat(source["began_at"]),
        ended_at=date("ended_at"),
        verdict=source.get("verdict"),
        complaints=tuple(source.get("complaints", ())),
        counts=source.get("counts", {}),
        newest=date("newest"),
    )
