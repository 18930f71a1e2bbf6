"""Who may do what: the two API keys of a namespace, the analysts' role, Kibana's own account.

Needs the rights of a superuser, which no other part of Molva ever has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from mentions.errors import ConfigError
from mentions.settings import Environment
from mentions.store.client import PATIENCE, Client, addresses, transport_security
from mentions.store.condition import RUNTIME_PRIVILEGES

ADMIN_PRIVILEGES = [*RUNTIME_PRIVILEGES, "manage", "create_index", "delete_index"]
KINDS = {"runtime": RUNTIME_PRIVILEGES, "admin": ADMIN_PRIVILEGES}
ANALYST_READS = ("mentions*", "alert*", "runs")


class Access:
    """Makes and takes away what opens one namespace."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    @classmethod
    def of(cls, environment: Environment, user: str, password: str) -> Access:
        """As a superuser, by name and password."""
        urls = addresses(environment)
        client = Elasticsearch(
            urls, basic_auth=(user, password), **transport_security(environment), max_retries=0
        )
        return cls(Client(client, patience=PATIENCE), environment.namespace)

    def close(self) -> None:
        self._client.close()

    def key_name(self, kind: str) -> str:
        return f"{self._namespace}-{kind}"

    def new_key(self, kind: str) -> str:
        """A fresh API key in the form that clients send; older ones stay good until revoked."""
        indices = [{"names": [f"{self._namespace}-*"], "privileges": KINDS[kind]}]
        descriptor = {kind: {"cluster": ["monitor"], "indices": indices}}
        name = self.key_name(kind)
        answer = self._client.call(
            lambda es: es.security.create_api_key(name=name, role_descriptors=descriptor)
        )
        return str(answer["encoded"])

    def id_of(self, encoded: str) -> str | None:
        """The id of a key that still opens something, else ``None``."""
        try:
            told = self._client.call(
                lambda es: es.options(api_key=encoded, ignore_status=401).security.authenticate()
            )
        except ConfigError:
            return None
        key = told.get("api_key") if isinstance(told.body, dict) else None
        return str(key["id"]) if key else None

    def revoke_all_but(self, kind: str, keep: str) -> int:
        """How many older keys of this kind have been taken away."""
        name = self.key_name(kind)
        found = self._client.call(lambda es: es.security.get_api_key(name=name, active_only=True))[
            "api_keys"
        ]
        old = [key["id"] for key in found if key["id"] != keep]
        if old:
            self._client.call(lambda es: es.security.invalidate_api_key(ids=old))
        return len(old)

    def make_analyst_role(self) -> str:
        """A role to give to people in Kibana: they read, and see no secret and no reject."""
        names = [f"{self._namespace}-{part}" for part in ANALYST_READS]
        body: dict[str, Any] = {
            "indices": [{"names": names, "privileges": ["read", "view_index_metadata"]}],
            "applications": [
                {"application": "kibana-.kibana", "privileges": ["read"], "resources": ["*"]}
            ],
        }
        name = f"{self._namespace}-analyst"
        self._client.call(lambda es: es.security.put_role(name=name, **body))
        return name

    def set_kibana_password(self, password: str) -> None:
        """The account under which Kibana itself reaches Elasticsearch."""
        self._client.call(
            lambda es: es.security.change_password(username="kibana_system", password=password)
        )


def read_key(path: Path) -> str | None:
    """The key in a file that a former run has written."""
    return path.read_text(encoding="ascii").strip() or None if path.exists() else None
