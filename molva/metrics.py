"""What Prometheus is told: how far each part is behind, and what `molva respond` has done.

Asked of the store when somebody scrapes, at most every few seconds. A store that does not answer is
itself a figure (``molva_store_up 0``), and never a scrape that fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mentions.errors import ConfigError, MolvaError
from mentions.settings import Settings
from mentions.store import gauges
from mentions.store.client import Client, connect
from mentions.store.gauges import Gauges
from mentions.store.ledger import OK
from mentions.store.names import Names

FRESH = 5.0  # seconds; two Prometheus servers ask the store no oftener than one
PATIENCE = 3.0  # seconds; Prometheus waits ten
TIMEOUT = 5.0  # a store that is silent must show as one that is down, not as us being down

log = structlog.get_logger()
Counted = Callable[[], Mapping[str, int]]


class Measures(Collector):
    """A reading of the store and of the responder, in Prometheus' terms."""

    def __init__(self, client: Client, settings: Settings, done: Counted) -> None:
        self._client = client
        self._names = Names(settings.namespace)
        self._sources = tuple(sorted(settings.sources))
        self._brands = tuple(settings.brands)
        self._done = done
        self._lock = Lock()
        self._read_at = -FRESH
        self._reading: Gauges | None = None

    def describe(self) -> list[Metric]:
        return []  # being registered is no reason to ask the store

    def collect(self) -> Iterator[Metric]:
        reading = self._read()
        yield _gauge("store_up", "Whether the store answers.", float(reading is not None))
        yield _counter("respond", "What `molva respond` has done.", self._done())
        if reading is not None:
            yield _gauge(
                "store_writable", "Whether all indices take writes.", float(reading.writable)
            )
            yield from _queues(reading)
            yield from _runs(reading)
            yield from self._lags(reading)

    def _read(self) -> Gauges | None:
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH:
                try:
                    self._reading = gauges.read(self._client, self._names, self._brands)
                except MolvaError as error:
                    log.warning("no figures: the store does not answer", error=str(error))
                    self._reading = None
                self._read_at = time.monotonic()
            return self._reading

    def _lags(self, reading: Gauges) -> Iterator[Metric]:
        """Sources of watch.toml; one that never crawled well has no figure (alert on absence)."""
        lag = GaugeMetricFamily(
            "molva_source_lag_seconds",
            "Since the latest good crawl of the source began.",
            labels=["source"],
        )
        watched = GaugeMetricFamily("molva_source_watched", "In watch.toml.", labels=["source"])
        for source in self._sources:
            watched.add_metric([source], 1)
            if began := reading.last_success.get(source):
                lag.add_metric([source], (datetime.now(UTC) - began).total_seconds())
        yield watched
        yield lag


def _queues(reading: Gauges) -> Iterator[Metric]:
    yield _gauge("unscored_mentions", "Stored, not judged yet.", reading.unscored)
    yield _gauge("undecided_mentions", "Judged, not decided yet.", reading.undecided)
    alerts = GaugeMetricFamily("molva_alerts", "Alerts by state of delivery.", labels=["state"])
    for state, count in reading.alerts.items():
        alerts.add_metric([state], count)
    yield alerts
    yield _gauge("refused_alerts", "Alerts or their updates, refused for good.", reading.refused)
    oldest = reading.oldest_unsent
    waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield _gauge(
        "oldest_unsent_alert_seconds", "Age of the oldest alert not posted yet; 0 if none.", waited
    )


def _runs(reading: Gauges) -> Iterator[Metric]:
    labels = ["stage", "source"]
    ended = GaugeMetricFamily(
        "molva_run_ended_timestamp_seconds", "End of the latest run.", labels=labels
    )
    well = GaugeMetricFamily("molva_run_ok", "Whether the latest run was well.", labels=labels)
    counts = GaugeMetricFamily(
        "molva_run_count", "Counts of the latest run.", labels=[*labels, "outcome"]
    )
    for run in reading.latest_runs:
        where = [run.stage, run.source or ""]
        well.add_metric(where, float(run.verdict == OK))
        if run.ended_at:
            ended.add_metric(where, run.ended_at.timestamp())
        for outcome, count in run.counts.items():
            counts.add_metric([*where, outcome], count)
    yield from (ended, well, counts)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"molva_{name}", meaning, value=value)


def _counter(name: str, meaning: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"molva_{name}", meaning, labels=["outcome"])
    for outcome, count in counts.items():
        family.add_metric([outcome], count)
    return family


@contextmanager
def serving(settings: Settings, done: Counted) -> Iterator[str | None]:
    """Serve ``/metrics`` where MOLVA_METRICS says, while the block runs; nowhere if it is unset."""
    where = settings.environment.metrics
    if not where:
        yield None
        return
    host, port = address(where)
    client = connect(settings.environment, patience=PATIENCE, timeout=TIMEOUT)
    registry = CollectorRegistry()
    registry.register(Measures(client, settings, done))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        client.close()
        raise ConfigError(f"MOLVA_METRICS={where}: cannot listen there ({error})") from error
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()


def address(where: str) -> tuple[str, int]:
    """``host:port``; a port alone means loopback."""
    host, _, port = where.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"MOLVA_METRICS={where}: wants host:port, for example 127.0.0.1:9464")
    return host.strip("[]") or "127.0.0.1", int(port)
