"""When the store is busy, away, loses answers, or does not know us."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from mentions.errors import ConfigError, MolvaError, PermanentError, TransientError
from mentions.settings import Settings
from mentions.store import open_store
from mentions.store.client import Client, Operation, connect
from mentions.store.ledger import Ledger, Seen
from mentions.store.names import Names
from tests import servers
from tests.factories import alert, mention, settings
from tests.turnstile import Turnstile, turnstile


@pytest.fixture
def gate(store_settings: Settings) -> Iterator[Turnstile]:
    url = str(store_settings.environment.elasticsearch_url)
    with turnstile(url) as made:
        yield made


def through(gate: Turnstile, store_settings: Settings) -> Settings:
    return settings(elasticsearch_url=gate.url, namespace=store_settings.namespace)


def test_a_busy_store_is_waited_for(gate: Turnstile, store_settings: Settings) -> None:
    gate.on = "_bulk"
    gate.faults = [429, 503, 502]
    with open_store(through(gate, store_settings)) as store:
        assert store.mentions.put([mention()])["created"] == 1
    assert gate.faults == []


def test_a_store_that_stays_busy_is_tried_again_later(
    gate: Turnstile, store_settings: Settings
) -> None:
    gate.on = "_bulk"
    gate.faults = [503] * 1_000
    with (
        open_store(through(gate, store_settings), patience=1) as store,
        pytest.raises(TransientError, match="busy"),
    ):
        store.mentions.put([mention()])


def test_a_lost_answer_to_a_write_changes_nothing(
    gate: Turnstile, store_settings: Settings
) -> None:
    gate.on = "_bulk"
    gate.faults = ["lost"]
    with open_store(through(gate, store_settings)) as store:
        store.mentions.put([mention()])
        [kept] = store.mentions.get([mention().id]).values()
    assert kept.mention.revision == 1


def test_an_alert_whose_answer_got_lost_is_still_ours(
    gate: Turnstile, store_settings: Settings
) -> None:
    with open_store(through(gate, store_settings)) as store:
        store.alerts.create(alert())
        read = store.alerts.get(alert().id)
        assert read is not None
        gate.on = f"_doc/{alert().id}"
        gate.faults = ["lost"]
        written = store.alerts.replace(read, alert(ts="1.1"))
        assert written is not None
        assert written.alert.ts == "1.1"


@contextmanager
def store_of_one_document(statuses: list[int]) -> Iterator[Client]:
    """A store that answers bulk requests of one document with these statuses, the last for good."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
            answer: dict[str, Any] = {"_index": "x-seen", "_id": "1", "status": status}
            if status >= 400:
                answer["error"] = {"type": "broken_shard_exception"}
            body = json.dumps({"errors": status >= 400, "items": [{"create": answer}]}).encode()
            self.send_response(200)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    client = connect(settings(elasticsearch_url=url).environment, patience=1)
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()


ONE: list[Operation] = [{"_op_type": "create", "_index": "x-seen", "_id": "1", "_source": {}}]
SEEN = [Seen("1", "feed:a.example", "blog", "https://a.example/1", "no_brand")]


def test_a_fault_of_the_server_is_none_of_the_documents() -> None:
    with store_of_one_document([500, 507, 201]) as client:
        [(_, status, _)] = client.bulk(ONE)
        assert status == 201
    with (
        store_of_one_document([500]) as client,
        pytest.raises(TransientError, match="broken_shard_exception"),
    ):
        list(client.bulk(ONE))


def test_what_the_ledger_is_refused_is_no_success() -> None:
    with (
        store_of_one_document([400]) as client,
        pytest.raises(PermanentError, match="refuses to note what was seen"),
    ):
        Ledger(client, Names("x")).seen(SEEN)
    with store_of_one_document([201, 409]) as client:
        ledger = Ledger(client, Names("x"))
        assert ledger.seen(SEEN) == {"seen": 1, "again": 0}
        assert ledger.seen(SEEN) == {"seen": 0, "again": 1}


def unread(kind: str) -> dict[str, Any]:
    """What a good answer to ``_mget`` says of a document that could not be looked for."""
    error = {"type": kind, "reason": "…"}
    return {"docs": [{"_index": "molva-mentions", "_id": mention().id, "error": error}]}


@pytest.mark.parametrize(
    ("kind", "meaning", "cure"),
    [
        ("no_shard_available_action_exception", TransientError, "nothing was lost"),
        ("index_not_found_exception", ConfigError, "molva init"),
    ],
)
def test_a_mention_that_cannot_be_looked_for_does_not_count_as_absent(
    gate: Turnstile, store_settings: Settings, kind: str, meaning: type[MolvaError], cure: str
) -> None:
    with open_store(through(gate, store_settings)) as store:
        store.mentions.put([mention()])
        gate.on = "_mget"
        gate.faults = [unread(kind)]
        with pytest.raises(meaning, match=cure):
            store.mentions.get([mention().id])
        assert store.mentions.get([mention().id])


def test_a_store_that_is_away_is_tried_again_later() -> None:
    away = settings(elasticsearch_url=f"http://127.0.0.1:{servers.free_port()}")
    with pytest.raises(TransientError, match="does not answer"), open_store(away, patience=0.5):
        pass


def test_no_address_is_a_configuration_error_with_the_cure() -> None:
    with pytest.raises(ConfigError, match="URL is not set"), open_store(settings()):
        pass


# With security on: what the keys of docs/store.md may do, and what a wrong one is told.

RUNTIME = ["read", "index", "delete", "view_index_metadata", "maintenance"]
ADMIN = [*RUNTIME, "manage", "create_index", "delete_index"]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with security and TLS, and the file of the authority that signed for it."""
    folder = tmp_path_factory.mktemp("secure")
    config = folder / "es" / "config"
    config.mkdir(parents=True)
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(config / "es.key")
    certificate.cert_chain_pems[0].write_to_path(config / "es.crt")
    authority.cert_pem.write_to_path(config / "ca.crt")
    with servers.elasticsearch(folder, *SECURE, auth=servers.ADMIN, ca=config / "ca.crt") as url:
        yield url, config / "ca.crt"


SECURE = [
    "xpack.security.enabled=true",
    "xpack.security.http.ssl.enabled=true",
    "xpack.security.http.ssl.key=es.key",
    "xpack.security.http.ssl.certificate=es.crt",
    "xpack.security.http.ssl.certificate_authorities=ca.crt",
]


def key(secure: tuple[str, Path], privileges: list[str], prefix: str = "molva-test-") -> str:
    url, ca = secure
    role: dict[str, Any] = {
        "cluster": ["monitor"],
        "indices": [{"names": [f"{prefix}*"], "privileges": privileges}],
    }
    body = {"name": "test", "role_descriptors": {"test": role}}
    made = servers.request(
        f"{url}/_security/api_key", method="POST", body=body, auth=servers.ADMIN, ca=ca
    )
    return str(made["encoded"])


def secured(secure: tuple[str, Path], namespace: str, **changed: Any) -> Settings:
    url, ca = secure
    return settings(elasticsearch_url=url, elasticsearch_ca=ca, namespace=namespace, **changed)


@pytest.mark.elasticsearch
def test_the_documented_keys_suffice(secure: tuple[str, Path]) -> None:
    namespace = servers.new_namespace()
    both = secured(
        secure,
        namespace,
        elasticsearch_api_key=key(secure, RUNTIME),
        elasticsearch_admin_api_key=key(secure, ADMIN),
    )
    with open_store(both, admin=True) as store:
        store.schema.init()
        store.schema.init()
    with open_store(both) as store:
        assert store.mentions.put([mention()])["created"] == 1
        assert store.mentions.unscored_count() == 1
        assert store.alerts.create(alert())
        store.ledger.move_bookmark("forum", "posts", "1")
        store.ledger.end_run(store.ledger.begin_run("crawl", "forum"), {}, "ok")
        store.retain(now=mention().first_seen)


@pytest.mark.elasticsearch
def test_a_wrong_key_says_so(secure: tuple[str, Path]) -> None:
    wrong = secured(secure, "molva-test-x", elasticsearch_api_key="bm90OmFrZXk=")
    with pytest.raises(ConfigError, match="MOLVA_ELASTICSEARCH_API_KEY"), open_store(wrong):
        pass


@pytest.mark.elasticsearch
def test_a_narrower_key_names_what_it_may_not_do(secure: tuple[str, Path]) -> None:
    namespace = servers.new_namespace()
    admin = secured(secure, namespace, elasticsearch_api_key=key(secure, ADMIN))
    with open_store(admin, admin=True) as store:
        store.schema.init()
    narrow = secured(
        secure, namespace, elasticsearch_api_key=key(secure, ["read", "view_index_metadata"])
    )
    with open_store(narrow) as store, pytest.raises(ConfigError, match="may not do this"):
        store.alerts.create(alert())
    with open_store(narrow) as store, pytest.raises(ConfigError, match="may not do this"):
        store.mentions.put([mention()])


@pytest.mark.elasticsearch
def test_a_key_for_some_indices_loses_no_mention_as_a_reject(secure: tuple[str, Path]) -> None:
    namespace = servers.new_namespace()
    admin = secured(secure, namespace, elasticsearch_api_key=key(secure, ADMIN))
    with open_store(admin, admin=True) as store:
        store.schema.init()
    partial = secured(
        secure, namespace, elasticsearch_api_key=key(secure, RUNTIME, f"{namespace}-state")
    )
    with open_store(partial, admin=True) as store, pytest.raises(ConfigError, match="may not"):
        list(
            store.client.bulk(
                {"_op_type": "create", "_index": store.names.index(m), "_id": "1", "_source": {}}
                for m in ("state", "mentions")
            )
        )


@pytest.mark.elasticsearch
def test_a_certificate_that_nobody_vouches_for_is_refused(secure: tuple[str, Path]) -> None:
    url, _ = secure
    stranger = settings(elasticsearch_url=url, elasticsearch_api_key=key(secure, RUNTIME))
    with pytest.raises(ConfigError, match="MOLVA_ELASTICSEARCH_CA"), open_store(stranger):
        pass
