"""The embedded store starts, keeps what it got, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mentions.errors import PermanentError
from molva.embedded import EmbeddedStore, embedded_store
from molva.ports import free_ports

RUN = "from molva.commands.store_run import command; command()"


def ask(url: str, *, method: str = "GET", body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.loads(response.read())


def test_documents_outlive_the_process(tmp_path: Path) -> None:
    with embedded_store(tmp_path / "data") as store:
        ask(f"{store.url}/kept/_doc/1", method="PUT", body={"text": "Ромашка"})
    with embedded_store(tmp_path / "data") as store:
        assert ask(f"{store.url}/kept/_doc/1")["_source"] == {"text": "Ромашка"}


def test_it_listens_on_loopback_only_and_runs_no_other_service(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store:
        log = (tmp_path / "noida-db.log").read_text()
    assert store.url.startswith("http://127.0.0.1:")
    assert store.url in log
    assert "postgres" not in log


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with embedded_store(tmp_path / "one") as store:
        port = int(store.url.rpartition(":")[2])
        second = EmbeddedStore(tmp_path / "two", port)
        with pytest.raises(PermanentError, match=f"port {port} is already in use"):
            second.wait_healthy()


def test_a_directory_in_use_is_named(tmp_path: Path) -> None:
    with (
        embedded_store(tmp_path),
        pytest.raises(PermanentError, match="already running"),
        embedded_store(tmp_path),
    ):
        pytest.fail("two stores share one directory")


def test_a_store_that_ends_by_itself_is_an_error(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store:
        os.kill(store._process.pid, signal.SIGKILL)
        with pytest.raises(PermanentError, match="ended"):
            store.wait()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_clean_on_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    arguments = ["--data", str(tmp_path), "--port", str(free_ports(1)[0]), "--json"]
    command = [sys.executable, "-c", RUN, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        ask(f"{url}/kept/_doc/1", method="PUT", body={"n": 1})
        process.send_signal(stop)
        try:
            assert process.wait(timeout=15) == 0
        finally:
            process.kill()  # `with` waits for it, for ever if need be
    with pytest.raises(OSError, match="refused"):
        ask(url)
    assert (tmp_path / "elasticsearch.json").exists()
