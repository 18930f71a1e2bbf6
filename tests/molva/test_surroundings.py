"""What the doctor says of certificate, database and broker, within seconds."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from mentions.errors import ConfigError, UnhealthyError
from mentions.settings import Environment
from molva import surroundings
from molva.ports import free_ports
from tests.factories import settings

LIMIT = 30.0


@contextmanager
def answering(reply: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback that says one thing to whoever comes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    line, _ = listening.accept()
                    line.settimeout(5)
                    line = context.wrap_socket(line, server_side=True) if context else line
                    with line:
                        if reply:
                            line.recv(4_096)
                            line.sendall(reply)
                except OSError:  # nobody came, or they did not like us
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.crt")
    return made


@contextmanager
def served(
    authority: trustme.CA, folder: Path, name: str, life: timedelta
) -> Iterator[Environment]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime.now(UTC) + life
    authority.issue_cert(name, not_after=end).configure_cert(context)
    with answering(b"", context) as port:
        address = f"https://127.0.0.1:{port}"
        yield settings(elasticsearch_url=address, elasticsearch_ca=folder / "ca.crt").environment


def test_a_certificate_tells_how_long_it_is_good(authority: trustme.CA, tmp_path: Path) -> None:
    with served(authority, tmp_path, "127.0.0.1", timedelta(days=300)) as environment:
        assert "good until" in surroundings.certificate(environment)


def test_a_certificate_that_ends_soon_is_named(authority: trustme.CA, tmp_path: Path) -> None:
    with (
        served(authority, tmp_path, "127.0.0.1", timedelta(days=20)) as environment,
        pytest.raises(UnhealthyError, match=r"expires on .* certificates"),
    ):
        surroundings.certificate(environment)


def test_an_expired_certificate_is_named(authority: trustme.CA, tmp_path: Path) -> None:
    with (
        served(authority, tmp_path, "127.0.0.1", timedelta(seconds=-1)) as environment,
        pytest.raises(ConfigError, match="expired"),
    ):
        surroundings.certificate(environment)


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    with (
        served(authority, tmp_path, "127.0.0.2", timedelta(days=300)) as environment,
        pytest.raises(ConfigError, match="is refused"),
    ):
        surroundings.certificate(environment)


def broker(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv(surroundings.EXECUTOR, "CeleryExecutor")
    monkeypatch.setenv(surroundings.BROKER, f"redis://:pa%40ss@127.0.0.1:{port}/0")


def test_a_broker_that_answers_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"+OK\r\n+PONG\r\n+OK\r\n") as port:
        broker(monkeypatch, port)
        assert "answers" in surroundings.broker()


def test_a_broker_with_another_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"-WRONGPASS\r\n-NOAUTH\r\n+OK\r\n") as port:
        broker(monkeypatch, port)
        with pytest.raises(ConfigError, match="refuses the password"):
            surroundings.broker()


def test_a_broker_that_is_away_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    broker(monkeypatch, free_ports(1)[0])
    began = time.monotonic()
    with pytest.raises(UnhealthyError, match="does not answer"):
        surroundings.broker()
    assert time.monotonic() - began < LIMIT


def test_a_database_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"postgresql+psycopg2://airflow:secret@127.0.0.1:{free_ports(1)[0]}/airflow"
    monkeypatch.setenv(surroundings.DATABASE, address)
    began = time.monotonic()
    with pytest.raises(UnhealthyError, match="does not reach its database") as told:
        surroundings.database()
    assert "secret" not in str(told.value)
    assert time.monotonic() - began < LIMIT
