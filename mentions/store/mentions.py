"""Mentions: living documents with one writer per part, each of which replaces its part whole.

Nobody writes blind. A writer has read the document, and its write names the version that it read
(``if_seq_no``, ``if_primary_term``); whoever comes second gets a conflict and leaves it be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mentions.counts import Counts
from mentions.errors import ConfigError, TransientError
from mentions.model import Analysis, Decision, Fact, Mention, Origin
from mentions.store.client import NO_INDEX, Client, Operation
from mentions.store.ledger import Ledger, Reject
from mentions.store.names import Names

ROUNDS = 5  # how often a write that lost a race is read and tried again
BATCH = 500

Document = dict[str, Any]
Cursor = list[Any]  # a place in the order of a search


@dataclass(frozen=True, slots=True)
class StoredMention:
    """One document, and the version of it that was read."""

    mention: Mention
    analysis: Analysis | None
    decision: Decision | None
    seq_no: int
    primary_term: int

    @property
    def id(self) -> str:
        return self.mention.id

    @property
    def place(self) -> tuple[int, str]:
        """In the order in which ``unscored`` goes, for claims of a stretch of it."""
        return int(self.mention.at.timestamp() * 1_000), self.id


def document_of(
    mention: Mention, analysis: Analysis | None = None, decision: Decision | None = None
) -> Document:
    """The whole document as ``es_mappings/mentions.json`` describes it."""
    document: Document = {
        "@timestamp": mention.at.isoformat(),
        "id": mention.id,
        "post_id": mention.post_id,
        "text_hash": mention.text_hash,
        "mention": mention.model_dump(mode="json", exclude_none=True),
    }
    parts: dict[str, Fact | None] = {"analysis": analysis, "decision": decision}
    for name, part in parts.items():
        if part is not None:
            document[name] = part.model_dump(mode="json", exclude_none=True)
    return document


class MentionStore:
    """Everything that reads or writes mentions."""

    def __init__(self, client: Client, names: Names, ledger: Ledger) -> None:
        self._client = client
        self._index = names.index("mentions")
        self._ledger = ledger

    def put(self, mentions: Sequence[Mention]) -> Counts:
        """Store what is new and what has changed: created, changed, same, rejected add up.

        A changed text raises the revision and clears analysis and decision, so that the post is
        judged and decided anew. A mention given twice counts once, as it stands last.
        """
        counts = Counts(created=0, changed=0, same=0, rejected=0)
        waiting = {mention.id: mention for mention in mentions}
        counts["repeated"] = len(mentions) - len(waiting)
        for _ in range(ROUNDS):
            if not waiting:
                return counts
            known = self.get(waiting)
            operations = [self._write(m, known.get(m.id)) for m in waiting.values()]
            counts["same"] += operations.count(None)
            waiting = self._send([o for o in operations if o is not None], waiting, counts)
        if waiting:
            raise TransientError(f"{len(waiting)} mentions change faster than they can be written")
        return counts

    def _write(self, mention: Mention, known: StoredMention | None) -> Operation | None:
        if known is None:
            return self._operation("create", mention.id, document_of(mention))
        if known.mention.text_hash == mention.text_hash:
            return None
        # A backfill that meets an edit of a live mention must not silence it.
        is_live = Origin.LIVE in {mention.origin, known.mention.origin}
        changed = mention.model_copy(
            update={
                "origin": Origin.LIVE if is_live else Origin.BACKFILL,
                "revision": known.mention.revision + 1,
                "first_seen": known.mention.first_seen,
                "changed_at": mention.first_seen,
            }
        )
        return self._replace(known, document_of(changed))

    def _send(
        self, operations: list[Operation], waiting: dict[str, Mention], counts: Counts
    ) -> dict[str, Mention]:
        """The mentions whose write lost a race, to be read and tried again."""
        lost: dict[str, Mention] = {}
        rejects: list[Reject] = []
        for operation, status, reason in self._client.bulk(operations):
            mention = waiting[operation["_id"]]
            if status == 409:
                lost[mention.id] = mention
            elif status >= 400:
                counts["rejected"] += 1
                rejects.append(_reject("crawl", mention, reason))
            else:
                counts["created" if operation["_op_type"] == "create" else "changed"] += 1
        self._ledger.reject(rejects)
        return lost

    def set_analysis(self, pairs: Sequence[tuple[StoredMention, Analysis]]) -> Counts:
        """Outcomes: scored, conflict (someone was first: leave it), rejected."""
        documents = [(s, document_of(s.mention, analysis, s.decision)) for s, analysis in pairs]
        return self._replace_all("scored", "score", documents)

    def set_decision(self, pairs: Sequence[tuple[StoredMention, Decision]]) -> Counts:
        """Outcomes: decided, conflict (someone was first: leave it), rejected."""
        documents = [(s, document_of(s.mention, s.analysis, decision)) for s, decision in pairs]
        return self._replace_all("decided", "decide", documents)

    def _replace_all(
        self, done: str, stage: str, documents: Sequence[tuple[StoredMention, Document]]
    ) -> Counts:
        counts = Counts({done: 0, "conflict": 0, "rejected": 0})
        rejects: list[Reject] = []
        outcomes = self._client.bulk(self._replace(s, document) for s, document in documents)
        for (stored, _), (_, status, reason) in zip(documents, outcomes, strict=True):
            if status in {404, 409}:
                counts["conflict"] += 1
            elif status >= 400:
                counts["rejected"] += 1
                rejects.append(_reject(stage, stored.mention, reason))
            else:
                counts[done] += 1
        self._ledger.reject(rejects)
        return counts

    def _replace(self, stored: StoredMention, document: Document) -> Operation:
        return {
            **self._operation("index", stored.id, document),
            "if_seq_no": stored.seq_no,
            "if_primary_term": stored.primary_term,
        }

    def _operation(self, kind: str, id_: str, document: Document) -> Operation:
        return {"_op_type": kind, "_index": self._index, "_id": id_, "_source": document}

    def get(self, ids: Iterable[str]) -> dict[str, StoredMention]:
        """By id and as of now; what does not exist is left out.

        A shard that is away is an error within a good answer, and says nothing of what exists.
        """
        wanted = list(ids)
        if not wanted:
            return {}
        answer = self._client.call(lambda es: es.mget(index=self._index, ids=wanted))
        errors = [hit["error"].get("type", "") for hit in answer["docs"] if "error" in hit]
        if "index_not_found_exception" in errors:
            raise ConfigError(NO_INDEX)
        if errors:
            raise TransientError(
                f"the store cannot read every mention ({errors[0]}); nothing was lost"
            )
        return {hit["_id"]: _stored(hit) for hit in answer["docs"] if hit.get("found")}

    def unscored(
        self, batch: int = BATCH, after: Cursor | None = None
    ) -> tuple[list[StoredMention], Cursor | None]:
        """Mentions without an analysis as of now, oldest first, and where the next page begins."""
        self._client.refresh(self._index)
        page, end = self._page(UNSCORED, batch, order="asc", after=after)
        return page, end if len(page) == batch else None

    def undecided(self, batch: int = BATCH) -> Iterator[list[StoredMention]]:
        """Analysed mentions without a decision, in batches, oldest first."""
        return self._scan(UNDECIDED, batch)

    def unscored_count(self) -> int:
        self._client.refresh(self._index)
        answer = self._client.call(lambda es: es.count(index=self._index, query=UNSCORED))
        return int(answer["count"])

    def by_url(self, url: str) -> list[StoredMention]:
        self._client.refresh(self._index)
        query: Document = {"term": {"mention.url": url}}
        return self._page(query, 100, order="desc", after=None)[0]

    def _scan(self, query: Document, batch: int) -> Iterator[list[StoredMention]]:
        """Pages by place in the order, with no point in time: what is written drops out."""
        self._client.refresh(self._index)
        after: Cursor | None = None
        while True:
            page, after = self._page(query, batch, order="asc", after=after)
            if page:
                yield page
            if len(page) < batch:
                return

    def _page(
        self, query: Document, size: int, *, order: str, after: Cursor | None
    ) -> tuple[list[StoredMention], Cursor | None]:
        answer = self._client.call(
            lambda es: es.search(
                index=self._index,
                query=query,
                size=size,
                sort=[{"@timestamp": {"order": order}}, {"id": {"order": order}}],
                seq_no_primary_term=True,
                track_total_hits=False,
                search_after=after,
            )
        )
        hits = answer["hits"]["hits"]
        return [_stored(hit) for hit in hits], hits[-1]["sort"] if hits else None


UNSCORED = {"bool": {"must_not": [{"exists": {"field": "analysis.model"}}]}}
UNDECIDED = {
    "bool": {
        "filter": [{"exists": {"field": "analysis.model"}}],
        "must_not": [{"exists": {"field": "decision.action"}}],
    }
}


def _stored(hit: Document) -> StoredMention:
    source = hit["_source"]
    analysis, decision = source.get("analysis"), source.get("decision")
    return StoredMention(
        mention=Mention.model_validate(source["mention"]),
        analysis=None if analysis is None else Analysis.model_validate(analysis),
        decision=None if decision is None else Decision.model_validate(decision),
        seq_no=hit["_seq_no"],
        primary_term=hit["_primary_term"],
    )


def _reject(stage: str, mention: Mention, reason: str) -> Reject:
    return Reject(
        stage, mention.source, mention.url, f"the store refuses it: {reason}", mention.text
    )
