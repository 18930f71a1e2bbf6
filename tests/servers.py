"""Real servers for tests: the embedded store always, the real Elasticsearch where it can be run.

``MOLVA_TEST_ES_RUN`` names a script ``run DATA_DIR PORT [NAME=VALUE ...]`` that starts one
Elasticsearch node in the foreground; without it the tests that need it are left out, and say so.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 90
ES_RUN = os.environ.get("MOLVA_TEST_ES_RUN")
ADMIN = "elastic-admin:elastic-test"  # the user of the start script's security mode


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(argv: list[str], *, log: Path, env: dict[str, str] | None = None) -> Iterator[Any]:
    """A process in a group of its own; the whole group is gone afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, stdout=output, stderr=output, start_new_session=True, env=env
        )
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(timeout=10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def request(
    url: str,
    *,
    method: str = "GET",
    body: Any = None,
    auth: str | None = None,
    ca: Path | None = None,
) -> Any:
    """A JSON answer; raises ``urllib.error.HTTPError`` on a refusal."""
    headers = {"Content-Type": "application/json"}
    if auth:
        headers["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, method=method, headers=headers)
    context = ssl.create_default_context(cafile=ca) if ca else None
    with urllib.request.urlopen(asked, timeout=30, context=context) as answer:
        return json.loads(answer.read() or b"null")


def wait_until_answers(
    url: str, process: subprocess.Popen[bytes], log: Path, **access: Any
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            request(url, **access)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"no server at {url}:\n{log.read_text(errors='replace')[-2_000:]}")


@contextmanager
def embedded_store(folder: Path) -> Iterator[str]:
    """The store of the demo; yields its URL."""
    port = free_port()
    argv = [sys.executable, "-m", "molva.cli", "store", "run", "--data", str(folder / "data")]
    log = folder / "embedded.log"
    with running([*argv, "--port", str(port)], log=log) as process:
        wait_until_answers(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def elasticsearch(folder: Path, *options: str, **access: Any) -> Iterator[str]:
    """The real Elasticsearch; yields its URL. ``access`` is what ``request`` needs to reach it."""
    assert ES_RUN, "MOLVA_TEST_ES_RUN is not set"
    port = free_port()
    log = folder / "elasticsearch.log"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    argv = [str(Path(ES_RUN).resolve()), str(folder / "es"), str(port), *options]
    with running(argv, log=log, env={**os.environ, "PATH": path}) as process:
        url = f"{'https' if access.get('ca') else 'http'}://127.0.0.1:{port}"
        wait_until_answers(url, process, log, **access)
        yield url
    shutil.rmtree(folder / "es", ignore_errors=True)


def new_namespace() -> str:
    return f"molva-test-{secrets.token_hex(4)}"


def delete_namespace(url: str, namespace: str) -> None:
    """Only what a test made under its own name."""
    assert namespace.startswith("molva-test-")
    url = url.rstrip("/")
    for row in request(f"{url}/_cat/indices/{namespace}-*?format=json"):
        request(f"{url}/{row['index']}", method="DELETE")
