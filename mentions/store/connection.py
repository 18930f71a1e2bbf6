"""One store: its parts wired together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from mentions.counts import Counts
from mentions.settings import Settings
from mentions.store.alerts import AlertStore
from mentions.store.claims import Claims
from mentions.store.client import PATIENCE, Client, connect
from mentions.store.ledger import Ledger
from mentions.store.mentions import MentionStore
from mentions.store.names import Names
from mentions.store.retention import retain
from mentions.store.schema import Schema


class Store:
    """What a stage gets: mentions, alerts and the ledger of one namespace."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client = client
        self.names = Names(settings.namespace)
        self.schema = Schema(client, self.names, settings.watch.store)
        self.ledger = Ledger(client, self.names)
        self.mentions = MentionStore(client, self.names, self.ledger)
        self.alerts = AlertStore(client, self.names)
        self._retention = settings.retention

    def claims(self, stage: str) -> Claims:
        """For one worker of the stage, beside others."""
        return Claims(self.client, self.names, stage)

    def retain(self, *, now: datetime, dry_run: bool = False) -> Counts:
        """Delete what is older than its index may keep; counts by index."""
        return retain(self.client, self.names, self._retention, now=now, dry_run=dry_run)


@contextmanager
def open_store(
    settings: Settings, *, admin: bool = False, patience: float = PATIENCE
) -> Iterator[Store]:
    """The store of this deployment.

    With ``admin`` its indices may still be missing; without, that is a ``ConfigError``. Raises
    ``TransientError`` when the server does not answer.
    """
    client = connect(settings.environment, admin=admin, patience=patience)
    try:
        store = Store(client, settings)
        if not admin:
            store.schema.check()
        yield store
    finally:
        client.close()
