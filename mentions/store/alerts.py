"""The outbox: alerts that a person must see, and the state of each on its way there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from mentions.errors import PermanentError
from mentions.model import GONE, Alert, DeliveryState
from mentions.store.client import Client
from mentions.store.names import Names

_WAITING = frozenset({DeliveryState.NEW, DeliveryState.POSTING, DeliveryState.UNKNOWN})
# Whose turn comes first: doubts, then what nobody has seen, then what is only to be updated.
_TURNS = (
    (DeliveryState.UNKNOWN, DeliveryState.POSTING),
    (DeliveryState.NEW,),
    (DeliveryState.SENT,),
)
PAGE = 1_000
# Why an alert is dead about which nobody need do anything: the post is gone, or a person has
# deleted the message.
_SETTLED = (GONE, "message_not_found")

Order = list[dict[str, Any]]
_SOONEST: Order = [{"next_action_at": {"order": "asc"}}, {"id": {"order": "asc"}}]
# By their names critical comes before high; the two that alert nobody come after both.
_URGENT: Order = [{"urgency": {"order": "asc"}}, {"created_at": {"order": "desc"}}, *_SOONEST]


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert, and the version of it that was read."""

    alert: Alert
    seq_no: int
    primary_term: int

    @property
    def id(self) -> str:
        return self.alert.id


def is_pending(alert: Alert) -> bool:
    """Whether the chat does not show this revision yet; a dead alert waits for a person."""
    delivery = alert.delivery
    behind = delivery.state is DeliveryState.SENT and delivery.sent_revision < alert.revision
    return delivery.state in _WAITING or behind


def refused_by_chat(brands: Collection[str]) -> dict[str, Any]:
    """The question for alerts of these brands that the chat does not take, as news or as update."""
    dead = {"term": {"delivery.state": DeliveryState.DEAD}}
    return {
        "bool": {
            "filter": [dead, {"terms": {"brand": sorted(brands)}}],
            "must_not": [{"terms": {"delivery.error": _SETTLED}}],
        }
    }


class AlertStore:
    """Every change is a compare-and-set on the version that was read."""

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._index = names.index("alerts")
        self._events = names.index("alert-events")

    def create(self, alert: Alert) -> bool:
        """Whether it is new; finding it there already is success, for it was created once."""
        return alert.id in self.create_all([alert])

    def create_all(self, alerts: Sequence[Alert]) -> set[str]:
        """The ids of the new ones; one that is there already stays as it is.

        Many in one request: each request waits for the disk, and a bad day brings thousands.
        """
        operations = (
            {
                "_op_type": "create",
                "_index": self._index,
                "_id": each.id,
                "_source": _document(each),
            }
            for each in alerts
        )
        created = set()
        for operation, status, reason in self._client.bulk(operations):
            if status < 400:
                created.add(operation["_id"])
            elif status != 409:
                raise PermanentError(f"the store refuses alert {operation['_id']}: {reason}")
        return created

    def get(self, alert_id: str) -> StoredAlert | None:
        """By id and as of now."""
        answer = self._client.call(
            lambda es: es.options(ignore_status=404).get(index=self._index, id=alert_id)
        )
        return _stored(answer.body) if answer.get("found") else None

    def replace(self, stored: StoredAlert, new: Alert) -> StoredAlert | None:
        """The version just written, or ``None``: someone was there first, read it again.

        A write whose answer got lost is told from a lost race by reading what stands there.
        """

        def send(es: Elasticsearch) -> StoredAlert | None:
            try:
                answer = es.index(
                    index=self._index,
                    id=stored.id,
                    document=_document(new),
                    if_seq_no=stored.seq_no,
                    if_primary_term=stored.primary_term,
                )
            except (ConflictError, NotFoundError):
                return None
            return StoredAlert(new, answer["_seq_no"], answer["_primary_term"])

        written = self._client.call(send)
        if written is None:
            there = self.get(stored.id)
            return there if there is not None and there.alert == new else None
        return written

    def due(
        self, limit: int = 100, now: datetime | None = None, *, without: Collection[str] = ()
    ) -> list[StoredAlert]:
        """Pending alerts whose time has come: doubts, the unseen, updates; in each critical first.

        The order is the question's, so that what is urgent is within any limit. ``without`` names
        channels to leave out: what cannot move now must not fill the limit.
        """
        moment = (now or datetime.now(UTC)).isoformat()
        due = [{"term": {"pending": True}}, {"range": {"next_action_at": {"lte": moment}}}]
        others = [{"terms": {"channel": sorted(without)}}] if without else []
        self._client.refresh(self._index)
        found: list[StoredAlert] = []
        for states in _TURNS:
            turn = {"terms": {"delivery.state": list(states)}}
            query = {"bool": {"filter": [*due, turn], "must_not": others}}
            found += self._page(query, limit - len(found), _URGENT)[0]
            if len(found) == limit:
                break
        return found

    def pending(self, limit: int = 1_000) -> list[StoredAlert]:
        """Everything that the chat does not show yet, due or not."""
        self._client.refresh(self._index)
        return self._page({"term": {"pending": True}}, limit, _SOONEST)[0]

    def in_state(self, state: DeliveryState) -> list[StoredAlert]:
        """All of them, however many."""
        self._client.refresh(self._index)
        query = {"term": {"delivery.state": str(state)}}
        found, after = self._page(query, PAGE, _SOONEST)
        while after:
            more, after = self._page(query, PAGE, _SOONEST, after)
            found += more
        return found

    def refused(self, brands: Collection[str]) -> int:
        """How many alerts of these brands wait for a person, because the chat refuses them."""
        self._client.refresh(self._index)
        query = refused_by_chat(brands)
        return int(self._client.call(lambda es: es.count(index=self._index, query=query))["count"])

    def event(self, alert_id: str, seq: int, kind: str, facts: Mapping[str, Any]) -> bool:
        """Append to the alert's history; ``False`` if this number was written before."""
        document = {
            "alert_id": alert_id,
            "seq": seq,
            "at": datetime.now(UTC).isoformat(),
            "kind": kind,
            "facts": dict(facts),
        }

        def send(es: Elasticsearch) -> bool:
            try:
                es.create(index=self._events, id=f"{alert_id}:{seq}:{kind}", document=document)
            except ConflictError:
                return False
            return True

        return self._client.call(send)

    def events(self, alert_id: str) -> list[Mapping[str, Any]]:
        """The alert's history, oldest first."""
        self._client.refresh(self._events)
        answer = self._client.call(
            lambda es: es.search(
                index=self._events,
                query={"term": {"alert_id": alert_id}},
                sort=[{"seq": {"order": "asc"}}, {"at": {"order": "asc"}}],
                size=1_000,
            )
        )
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    def _page(
        self, query: dict[str, Any], size: int, order: Order, after: list[Any] | None = None
    ) -> tuple[list[StoredAlert], list[Any] | None]:
        """As of the last refresh, and where the next page begins; ``None`` if this is the last."""
        answer = self._client.call(
            lambda es: es.search(
                index=self._index,
                query=query,
                sort=order,
                size=size,
                seq_no_primary_term=True,
                search_after=after,
            )
        )
        hits = answer["hits"]["hits"]
        return [_stored(hit) for hit in hits], hits[-1]["sort"] if len(hits) == size else None


def _document(alert: Alert) -> dict[str, Any]:
    facts = alert.model_dump(mode="json", exclude_none=True)
    return {"id": alert.id, "pending": is_pending(alert), **facts}


def _stored(hit: Mapping[str, Any]) -> StoredAlert:
    facts = {name: value for name, value in hit["_source"].items() if name not in {"id", "pending"}}
    return StoredAlert(Alert.model_validate(facts), hit["_seq_no"], hit["_primary_term"])
