"""What Prometheus reads: figures of a real store, and of one that is away."""

from __future__ import annotations

import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mentions.errors import ConfigError
from mentions.model import GONE
from mentions.settings import Settings
from mentions.store import Store
from molva.metrics import address, serving
from molva.ports import free_ports
from tests.factories import alert, mention, settings

LABELS = ("stage", "source", "state", "outcome")


def scraped(where: str | None) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by name and values of its labels, these in the order above."""
    assert where
    with urllib.request.urlopen(where, timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sample.labels[n] for n in LABELS if n in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def listening(made: Settings) -> Settings:
    environment = made.environment.model_copy(update={"metrics": f"127.0.0.1:{free_ports(1)[0]}"})
    return made.model_copy(update={"environment": environment})


def test_queues_runs_and_lags_are_figures(store: Store, store_settings: Settings) -> None:
    store.mentions.put([mention()])
    made = datetime.now(UTC) - timedelta(minutes=10)
    store.alerts.create(alert(created_at=made))
    source = next(iter(store_settings.sources))
    run = store.ledger.begin_run("crawl", source)
    store.ledger.end_run(run, {"fetched": 7}, "ok")
    red = store.ledger.begin_run("score")
    store.ledger.end_run(red, {"scored": 2}, "stuck")
    for index in store.names.all:
        store.client.refresh(index)
    with serving(listening(store_settings), lambda: {"posted": 3}) as where:
        found = scraped(where)
    assert found["molva_store_up", ()] == 1
    assert found["molva_store_writable", ()] == 1
    assert found["molva_respond_total", ("posted",)] == 3
    assert found["molva_unscored_mentions", ()] == 1
    assert found["molva_undecided_mentions", ()] == 0
    assert found["molva_alerts", ("new",)] == 1
    assert found["molva_refused_alerts", ()] == 0
    assert found["molva_oldest_unsent_alert_seconds", ()] == pytest.approx(600, abs=30)
    assert found["molva_source_watched", (source,)] == 1
    assert 0 <= found["molva_source_lag_seconds", (source,)] < 30
    assert found["molva_run_ok", ("crawl", source)] == 1
    assert found["molva_run_ok", ("score", "")] == 0
    assert found["molva_run_count", ("crawl", source, "fetched")] == 7


def test_what_stands_in_the_chat_is_not_unsent_and_a_doubt_may_be(
    store: Store, store_settings: Settings
) -> None:
    shown = {"created_at": datetime.now(UTC) - timedelta(days=3), "revision": 2, "ts": "1.1"}
    store.alerts.create_all(
        [
            alert(members=("edited",), delivery={"state": "sent", "sent_revision": 1}, **shown),
            alert(members=("updating",), delivery={"state": "posting"}, **shown),
            alert(
                members=("doubtful",),
                created_at=datetime.now(UTC) - timedelta(minutes=10),
                delivery={"state": "unknown"},
            ),
            alert(members=("refused",), delivery={"state": "dead", "error": "is_archived"}),
            alert(members=("erased",), delivery={"state": "dead", "error": GONE}),
            alert(members=("edit refused",), delivery={"state": "dead"}, **shown),
            alert(
                members=("deleted",),
                delivery={"state": "dead", "error": "message_not_found"},
                **shown,
            ),
            alert(members=("unwatched",), brand="another", delivery={"state": "dead"}),
        ]
    )
    store.client.refresh(store.names.index("alerts"))
    with serving(listening(store_settings), dict) as where:
        found = scraped(where)
    assert found["molva_oldest_unsent_alert_seconds", ()] == pytest.approx(600, abs=30)
    assert found["molva_alerts", ("unknown",)] == 1
    assert found["molva_alerts", ("dead",)] == 5
    assert found["molva_refused_alerts", ()] == 2


def test_a_store_that_a_full_disk_has_shut_still_answers_and_is_not_writable(
    store: Store, store_settings: Settings
) -> None:
    block = {"index.blocks.read_only_allow_delete": True}
    runs = store.names.index("runs")
    store.client.call(lambda es: es.indices.put_settings(index=runs, settings=block))
    with serving(listening(store_settings), dict) as where:
        found = scraped(where)
    assert (found["molva_store_up", ()], found["molva_store_writable", ()]) == (1, 0)


def test_a_store_that_is_away_is_a_figure_and_no_failure() -> None:
    away = settings(elasticsearch_url=f"http://127.0.0.1:{free_ports(1)[0]}")
    with serving(listening(away), dict) as where:
        began = time.monotonic()
        found = scraped(where)
    assert found["molva_store_up", ()] == 0
    assert ("molva_store_writable", ()) not in found
    assert ("molva_unscored_mentions", ()) not in found
    assert time.monotonic() - began < 9, "Prometheus gives up after ten seconds"


def test_nothing_is_served_unless_asked_for(store_settings: Settings) -> None:
    with serving(store_settings, dict) as where:
        assert where is None


@pytest.mark.parametrize("where", ["here", "127.0.0.1:", "127.0.0.1:99999"])
def test_an_address_that_is_none_says_what_is_wanted(where: str) -> None:
    with pytest.raises(ConfigError, match=r"host:port"):
        address(where)


def test_an_address_that_is_taken_is_a_configuration_error(store_settings: Settings) -> None:
    taken = listening(store_settings)
    with (
        serving(taken, dict),
        pytest.raises(ConfigError, match="cannot listen"),
        serving(taken, dict),
    ):
        pass
