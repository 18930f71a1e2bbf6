"""Asks every part whether it is well, all of them, and says for each what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version as version_of

from mentions.errors import ConfigError, MolvaError
from mentions.settings import Settings
from mentions.store.client import Client, connect
from mentions.store.condition import CHECKS
from mentions.store.names import Names
from molva import surroundings

PATIENCE = 3.0  # seconds; a doctor who waits as long as a stage does answers nobody
TIMEOUT = 5.0  # likewise, for a store that takes a question and never answers


@dataclass(frozen=True, slots=True)
class Finding:
    """What was examined, and the error if it is not well."""

    part: str
    note: str
    error: MolvaError | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """A finding for each part; one that is ill does not keep the others from being looked at."""
    yield _look("secret", lambda: _secret(settings))
    yield _look("certificate", lambda: surroundings.certificate(settings.environment))
    yield from _store(settings)
    yield _look("slack", lambda: _slack(settings))
    yield _look("judge", lambda: _judge(settings))
    yield _look("airflow", lambda: f"Airflow {version_of('apache-airflow')}")
    yield _look("airflow database", surroundings.database)
    yield _look("airflow broker", surroundings.broker)
    yield _look("airflow api-server", surroundings.api_server)


def _look(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, check())
    except MolvaError as error:
        return Finding(part, str(error), error)


def _secret(settings: Settings) -> str:
    if len(settings.secret) < 16:
        raise ConfigError("MOLVA_SECRET is shorter than 16 characters: authors can be guessed")
    return "authors are stored under pseudonyms"


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        client = connect(settings.environment, patience=PATIENCE, timeout=TIMEOUT)
    except MolvaError as error:
        yield Finding("store", str(error), error)
        return
    try:
        yield from _store_parts(client, Names(settings.namespace))
    finally:
        client.close()


def _store_parts(client: Client, names: Names) -> Iterator[Finding]:
    for name, check in CHECKS.items():
        finding = _look(f"store {name}", lambda check=check: check(client, names))  # type: ignore[misc]
        yield finding
        if name == "version" and finding.error:
            return  # a store that does not answer has no more to say


def _slack(settings: Settings) -> str:
    from alerts.slack import SlackMessenger

    SlackMessenger.of(settings).check(now=True)
    return (
        f"Slack accepts the token; {len({b.channel for b in settings.brands.values()})} channel(s)"
    )


def _judge(settings: Settings) -> str:
    from nlp.load import load_judge

    return f"model {load_judge(settings.model).model}"
