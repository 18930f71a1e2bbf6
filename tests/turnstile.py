"""A proxy before a real store that lets requests through, refuses them, or loses the answers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

Fault = int | str | dict[str, Any]


class Turnstile:
    """``faults`` are used up in order by the requests whose path ends with ``on``.

    A number is answered in the server's place with that status, a document as if all were well;
    ``lost`` passes the request on and drops the connection before the answer.
    """

    def __init__(self, target: str, on: str) -> None:
        self.target = urlsplit(target)
        self.on = on
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.url = ""
        self._lock = Lock()

    def take(self, path: str) -> Fault | None:
        with self._lock:
            self.requests.append(path)
            matches = path.partition("?")[0].endswith(self.on)
            return self.faults.pop(0) if matches and self.faults else None


@contextmanager
def turnstile(target: str, *, on: str = "") -> Iterator[Turnstile]:
    gate = Turnstile(target, on)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = gate.take(self.path)
            if isinstance(fault, int):
                self._answer(fault, b'{"error": {"type": "es_rejected_execution_exception"}}')
                return
            if isinstance(fault, dict):
                self._answer(200, json.dumps(fault).encode())
                return
            host, port = gate.target.hostname, gate.target.port
            upstream = http.client.HTTPConnection(str(host), port, timeout=30)
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            if fault == "lost":
                self.close_connection = True
                return
            self._answer(answer.status, content, answer.getheader("Content-Type"))

        def _answer(self, status: int, content: bytes, kind: str | None = None) -> None:
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", kind or "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    gate.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
