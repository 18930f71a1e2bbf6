"""The embedded store: one `noida-db` process that answers like Elasticsearch, for demo and tests.

It keeps its documents in memory and writes them to its directory about once a second and when it
is told to stop. It is no place for production data; only `make` and `molva store run` start it.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mentions.errors import ConfigError, PermanentError
from molva.ports import HOST, free_ports

START_SECONDS = 15.0
STOP_SECONDS = 10.0


@contextmanager
def embedded_store(data: Path, *, port: int | None = None) -> Iterator[EmbeddedStore]:
    """A healthy store on ``data``, on a free port unless one is named; stopped on the way out."""
    store = EmbeddedStore(data, free_ports(1)[0] if port is None else port)
    try:
        store.wait_healthy()
        yield store
    finally:
        store.stop()


class EmbeddedStore:
    """The running process. It stays in our process group, so that a signal to all reaches it."""

    def __init__(self, data: Path, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._port = port
        self._log = data / "noida-db.log"
        data.mkdir(parents=True, exist_ok=True)
        arguments = ["--data-dir", str(data), "--host", HOST, "--only", "elasticsearch"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [_binary(), "start", *arguments, "--elasticsearch-port", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_healthy(self, seconds: float = START_SECONDS) -> None:
        """Return once it answers; a process that dies or stays dumb is a ``PermanentError``."""
        deadline = time.monotonic() + seconds
        while not (self._listens() and self._answers()):
            if self._process.poll() is not None:
                raise PermanentError(f"the embedded store did not start: {self._last_words()}")
            if time.monotonic() > deadline:
                raise PermanentError(f"the embedded store gave no answer in {seconds:.0f} s")
            time.sleep(0.02)

    def wait(self) -> None:
        """Block while it runs; that it ends by itself is a ``PermanentError``."""
        code = self._process.wait()
        raise PermanentError(f"the embedded store ended (code {code}): {self._last_words()}")

    def stop(self) -> None:
        """Ask it to save and end; only if it will not, end it hard."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listens(self) -> bool:
        """Whether the port is ours: what answers there may be somebody else's server."""
        return self.url in self._log.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=2)
        try:
            connection.request("GET", "/_cluster/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if line.startswith(("error:", "hint:"))]
        return "; ".join(errors or lines[-3:]) or "it said nothing"


def _binary() -> str:
    """The executable inside the package: its own launcher would not pass signals on."""
    found = find_spec("noida_db")
    if found is None or found.origin is None:
        raise ConfigError(
            "the embedded store is not installed: `make setup` does it, "
            "or `pip install -r requirements/demo.txt`"
        )
    binary = Path(found.origin).with_name("noida-db")
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)  # some installers drop the bit
    return str(binary)
