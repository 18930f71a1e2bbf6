"""Creates the indices from ``es_mappings/`` and adds what a newer version of them adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from mentions.counts import Counts
from mentions.errors import ConfigError, PermanentError
from mentions.settings import StoreShape
from mentions.store.client import Client
from mentions.store.names import MAPPINGS, Names

FOLDER = Path(__file__).parents[2] / "es_mappings"


def body_of(mapping: str) -> dict[str, Any]:
    """The body that creates an index, as it stands in ``es_mappings/``."""
    body: dict[str, Any] = json.loads((FOLDER / f"{mapping}.json").read_text(encoding="utf-8"))
    return body


def missing_indices(client: Client, names: Names) -> list[str]:
    """Indices that ``molva init`` has not made yet: one question where all of them are there."""

    def there(index: str) -> bool:
        return bool(client.call(lambda es: es.indices.exists(index=index)))

    return [] if there(",".join(names.all)) else [name for name in names.all if not there(name)]


class Schema:
    """Needs the admin key: the runtime key may neither create indices nor change mappings."""

    def __init__(self, client: Client, names: Names, shape: StoreShape) -> None:
        self._client = client
        self._names = names
        self._shape = shape

    def missing(self) -> list[str]:
        return missing_indices(self._client, self._names)

    def check(self) -> None:
        """Refuse to run without the indices: a write would make one with a guessed mapping."""
        if missing := self.missing():
            raise ConfigError(f"no index {', '.join(missing)}: run `molva init`")

    def init(self, *, dry_run: bool = False) -> Counts:
        """Create what is missing, update the rest; can be repeated, and by two at once."""
        counts = Counts({"created": 0, "updated": 0})
        missing = self.missing()
        for mapping in MAPPINGS:
            if self._names.index(mapping) not in missing:
                counts["updated"] += 1
                if not dry_run:
                    self._update(mapping)
            else:
                counts["created"] += 1
                if not dry_run:
                    self._create(mapping)
        return counts

    def _create(self, mapping: str) -> None:
        body = body_of(mapping)
        shards = self._shape.shards if mapping == "mentions" else 1
        shape = {"number_of_shards": shards, "number_of_replicas": self._shape.replicas}
        settings = {**body["settings"], "index": {**body["settings"]["index"], **shape}}
        aliases: dict[str, Any] = {self._names.mentions_alias: {}} if mapping == "mentions" else {}

        def create(es: Elasticsearch) -> None:
            try:
                es.indices.create(
                    index=self._names.index(mapping),
                    settings=settings,
                    mappings=body["mappings"],
                    aliases=aliases,
                )
            except BadRequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise

        self._client.call(create)

    def _update(self, mapping: str) -> None:
        """Fields may be added; a field whose type changed needs a new index (docs/store.md)."""
        properties = body_of(mapping)["mappings"]["properties"]
        index = self._names.index(mapping)
        try:
            self._client.call(lambda es: es.indices.put_mapping(index=index, properties=properties))
        except PermanentError as error:
            raise ConfigError(
                f"{index} holds other field types than es_mappings/{mapping}.json: fill a new "
                f"version of the index as docs/store.md describes ({error})"
            ) from error
        if mapping == "mentions":
            alias = self._names.mentions_alias
            self._client.call(lambda es: es.indices.put_alias(index=index, name=alias))
