"""What the doctor says of Airflow where it is known, and where it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from mentions.errors import UnhealthyError
from molva import surroundings
from molva.cli import molva
from molva.doctor import examine
from molva.ports import free_ports
from tests.factories import settings


class ApiServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/execution/health" else 404)
        self.end_headers()


@contextmanager
def api_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), ApiServer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("variable", "check"),
    [
        (surroundings.DATABASE, surroundings.database),
        (surroundings.EXECUTOR, surroundings.broker),
        (surroundings.API_SERVER, surroundings.api_server),
    ],
)
def test_what_is_not_known_here_is_said_to_be_asked_elsewhere(
    variable: str, check: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)
    told = check()
    assert f"looked at: {variable} is not set" in told
    assert "ask in airflow-scheduler" in told


def test_tasks_beside_the_scheduler_need_no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(surroundings.EXECUTOR, "LocalExecutor")
    assert "no broker needed" in surroundings.broker()


def test_an_api_server_that_answers_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with api_server() as address:
        monkeypatch.setenv(surroundings.API_SERVER, f"{address}/execution/")
        assert "answers" in surroundings.api_server()


def test_an_api_server_under_another_path_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with api_server() as address:
        monkeypatch.setenv(surroundings.API_SERVER, address)
        with pytest.raises(UnhealthyError, match=r"status 404.*/execution/ at the end"):
            surroundings.api_server()


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/execution/", "http://here:there"])
def test_an_api_server_that_is_away_is_named_at_once(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(surroundings.API_SERVER, address.format(port=free_ports(1)[0]))
    began = time.monotonic()
    with pytest.raises(UnhealthyError, match=r"no task runs until it does"):
        surroundings.api_server()
    assert time.monotonic() - began < 30


def test_every_part_is_in_the_help(monkeypatch: pytest.MonkeyPatch) -> None:
    away = f"http://127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.setenv(surroundings.API_SERVER, f"{away}/execution/")
    found = {finding.part: finding for finding in examine(settings(elasticsearch_url=away))}
    assert found["airflow api-server"].error is not None
    told = " ".join(CliRunner().invoke(molva, ["doctor", "--help"]).output.lower().split())
    for part in found:
        assert part.split()[-1].replace("judge", "model") in told, part
