"""The port of the local Slack: it takes connections, or refuses them for a while and keeps it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from mentions.errors import ConfigError
from molva.dev.slack.calls import Reply
from molva.dev.slack.http import LOOPBACK, Request, SlackHttpServer

POLL = 0.05


class Listener:
    """Opens and closes the one port; ``port`` 0 takes a free one, which then stays the same."""

    def __init__(self, port: int, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self._stopping = threading.Event()
        self._lock = threading.RLock()
        self._http: SlackHttpServer | None = None
        self._reopen: threading.Timer | None = None
        self._held: socket.socket | None = _hold(port)
        self.port: int = self._held.getsockname()[1]

    def accept(self) -> None:
        """Take connections from now on."""
        with self._lock:
            if self._http or self._stopping.is_set():
                return
            self._http = SlackHttpServer(self.port, self._answer, self._stopping)
            self._let_go()
            serve = threading.Thread(
                target=self._http.serve_forever, args=(POLL,), name="local-slack", daemon=True
            )
            serve.start()

    def refuse(self, seconds: float | None) -> None:
        """Refuse connections for so long, or until ``accept``; calls in progress go on."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stop_taking()
            self._held = self._held or _hold(self.port)
            if seconds is not None:
                self._reopen = threading.Timer(seconds, self.accept)
                self._reopen.daemon = True
                self._reopen.start()

    def close(self) -> None:
        """Let the port go; calls that wait in a fault end without an answer."""
        self._stopping.set()
        with self._lock:
            self._stop_taking()
            self._let_go()

    def _stop_taking(self) -> None:
        if self._reopen:
            self._reopen.cancel()
            self._reopen = None
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def _let_go(self) -> None:
        if self._held:
            self._held.close()
            self._held = None


def _hold(port: int) -> socket.socket:
    """The port, bound and not listening: nobody else gets it, and connections are refused."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((LOOPBACK, port))
    except OSError as error:
        held.close()
        raise ConfigError(
            f"port {port} is not free ({error.strerror}). Choose another --port."
        ) from error
    return held
