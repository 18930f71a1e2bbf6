"""Servers that the whole run shares, and a store of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from mentions.settings import Settings
from mentions.store import Store, open_store
from tests import servers
from tests.factories import settings

# A machine may be slow for a moment, and no test fails on a clock.
hypothesis.settings.register_profile("molva", deadline=None)
hypothesis.settings.load_profile("molva")

SERVERS = [
    "embedded",
    pytest.param("elasticsearch", marks=pytest.mark.elasticsearch),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if servers.ES_RUN:
        return
    skip = pytest.mark.skip(reason="MOLVA_TEST_ES_RUN does not name a start script")
    for item in items:
        if item.get_closest_marker("elasticsearch") or item.get_closest_marker("cluster"):
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not servers.ES_RUN:
        terminalreporter.write_line(
            "left out: the tests against a real Elasticsearch (MOLVA_TEST_ES_RUN is not set)"
        )


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.embedded_store(tmp_path_factory.mktemp("embedded")) as url:
        yield url


@pytest.fixture(scope="session")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.elasticsearch(tmp_path_factory.mktemp("elasticsearch")) as url:
        yield url


@pytest.fixture(params=SERVERS)
def store_url(request: pytest.FixtureRequest) -> str:
    """Each server in turn: whatever uses it runs against both."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store_settings(store_url: str) -> Iterator[Settings]:
    """Settings of an empty store whose indices are made, under a name that only this test uses."""
    made = settings(elasticsearch_url=store_url, namespace=servers.new_namespace())
    with open_store(made, admin=True) as store:
        store.schema.init()
    yield made
    servers.delete_namespace(store_url, made.namespace)


@pytest.fixture
def store(store_settings: Settings) -> Iterator[Store]:
    with open_store(store_settings, patience=5) as opened:
        yield opened


@pytest.fixture
def molva_env(
    store_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Sets the environment of the ``molva`` command to this test's store; give it a watch.toml."""

    def write(watch: str) -> None:
        path = tmp_path / "watch.toml"
        path.write_text(watch, encoding="utf-8")
        monkeypatch.setenv("MOLVA_WATCH", str(path))
        monkeypatch.setenv("MOLVA_NAMESPACE", store_settings.namespace)
        url = store_settings.environment.elasticsearch_url
        monkeypatch.setenv("MOLVA_ELASTICSEARCH_URL", str(url))
        monkeypatch.setenv("MOLVA_SECRET", "a secret of the tests")

    return write
