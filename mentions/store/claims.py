"""Who works on which stretch of a list, so that two workers side by side never do the same twice.

A claim is a stretch of the list's order, held for as long as its worker lives: it is renewed every
few seconds, and runs out by itself when its worker has died. All claims of a stage stand in one
document that is replaced by compare-and-set: who takes a stretch has seen every other claim.

A claim saves work and guards nothing: what is written is still guarded by the version that was
read. A worker that sleeps longer than its claim lasts does some work twice and harms nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import sleep, time
from typing import Any
from uuid import uuid4

import structlog
from elasticsearch import ConflictError, Elasticsearch

from mentions.errors import TransientError
from mentions.identity import text_hash
from mentions.store.client import Client
from mentions.store.names import Names

LEASE = 20.0  # seconds; where two hosts' clocks differ by more, claims are void and harm nothing
RENEWALS = 4  # in the time that a claim lasts
ROUNDS = 50  # how often a change that lost a race is tried again

log = structlog.get_logger()
Place = tuple[int, str]  # in the list's order: milliseconds, id
Stretch = tuple[Place, Place]  # the first and the last, both of them in it


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's stretch, and until when it holds unless renewed."""

    stretch: Stretch
    until: float

    def __contains__(self, place: Place) -> bool:
        start, end = self.stretch
        return start <= place <= end


@dataclass(frozen=True, slots=True)
class Taken:
    """The living claims by worker, and the version of the document that says so."""

    claims: Mapping[str, Claim] = field(default_factory=dict)
    version: tuple[int, int] | None = None  # None: there is no document yet


class Claims:
    """What one worker takes of its stage's list, and what it has to leave to the others."""

    def __init__(self, client: Client, names: Names, stage: str, *, lease: float = LEASE) -> None:
        self._client = client
        self._index = names.index("state")
        self._stage, self._id = stage, text_hash("claims", stage)
        self._worker, self._lease = uuid4().hex, lease
        self._changing = Lock()  # by the worker, or by the thread that renews

    def taken(self) -> Taken:
        """As of now; what its worker has written before a claim's end is in the store already."""
        answer = self._client.call(
            lambda es: es.options(ignore_status=404).get(index=self._index, id=self._id)
        )
        if not answer.get("found"):
            return Taken()
        stored: dict[str, Any] = json.loads(answer["_source"]["value"])
        found = {worker: _claim(*parts) for worker, parts in stored.items()}
        return Taken(
            {worker: claim for worker, claim in found.items() if claim.until > time()},
            (answer["_seq_no"], answer["_primary_term"]),
        )

    def is_free(self, place: Place, taken: Taken) -> bool:
        others = (claim for worker, claim in taken.claims.items() if worker != self._worker)
        return not any(place in claim for claim in others)

    def take(self, stretch: Stretch, taken: Taken) -> bool:
        """In place of what was taken before; ``False`` if any claim has changed since ``taken``."""
        mine = {self._worker: Claim(stretch, time() + self._lease)}
        with self._changing:
            return self._replace(taken, {**taken.claims, **mine})

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew what is taken for as long as the block runs, and give it back at its end."""
        over = Event()
        thread = Thread(target=self._renew_until, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.give_back()

    def give_back(self) -> None:
        self._change(lambda claim: None)

    def wait_for_others(self, seen: Taken) -> None:
        """Give back one's own, or two would wait for each other; return once another's claim is
        no longer what it was: moved on, given back, run out.
        """
        self.give_back()
        others = self._of_others(seen)
        while others and self._of_others(self.taken()) == others:
            sleep(self._lease / RENEWALS / 4)

    def _of_others(self, taken: Taken) -> dict[str, Stretch]:
        return {
            worker: claim.stretch
            for worker, claim in taken.claims.items()
            if worker != self._worker
        }

    def _renew_until(self, over: Event) -> None:
        while not over.wait(self._lease / RENEWALS):
            self._change(lambda claim: Claim(claim.stretch, time() + self._lease))

    def _change(self, change: Callable[[Claim], Claim | None]) -> None:
        """A change that does not get through costs others some waiting or double work, not more."""
        try:
            changed = any(self._try(change) for _ in range(ROUNDS))
        except TransientError:
            changed = False
        if not changed:
            log.warning("a claim could not be changed", stage=self._stage)

    def _try(self, change: Callable[[Claim], Claim | None]) -> bool:
        with self._changing:
            taken = self.taken()
            if self._worker not in taken.claims:
                return True
            claims = dict(taken.claims)
            new = change(claims.pop(self._worker))
            return self._replace(taken, claims if new is None else {**claims, self._worker: new})

    def _replace(self, taken: Taken, claims: Mapping[str, Claim]) -> bool:
        stored = {worker: [*claim.stretch, claim.until] for worker, claim in claims.items()}
        document = {
            "kind": "claims",
            "source": self._stage,
            "value": json.dumps(stored),
            "updated_at": datetime.now(UTC).isoformat(),
        }

        def send(es: Elasticsearch) -> bool:
            try:
                if taken.version is None:
                    es.create(index=self._index, id=self._id, document=document)
                    return True
                seq_no, term = taken.version
                es.index(
                    index=self._index,
                    id=self._id,
                    document=document,
                    if_seq_no=seq_no,
                    if_primary_term=term,
                )
            except ConflictError:
                return False
            return True

        return self._client.call(send)


def _claim(start: Sequence[Any], end: Sequence[Any], until: float) -> Claim:
    return Claim(((start[0], start[1]), (end[0], end[1])), until)
