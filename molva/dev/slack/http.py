"""The local Slack over HTTP: Slack's ``/api/``, and beside it the page, the dump and the faults.

Only the loopback address, only requests that name it in ``Host`` (a website that a developer looks
at must not reach this server through a name of its own), and only bodies of a sane size.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

import structlog

from molva.dev.slack.args import Refusal
from molva.dev.slack.calls import Reply, json_reply
from molva.dev.slack.request import MAX_BODY

log = structlog.get_logger()

LOOPBACK = "127.0.0.1"
SAFETY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


class Request:
    """One request, with its body read."""

    def __init__(self, method: str, path: str, query: str, headers: Any, body: bytes) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body


class SlackHttpServer(ThreadingHTTPServer):
    """One listening socket. Threads that wait in a fault do not hold up its end."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, port: int, answer: Callable[[Request], Reply], stopping: threading.Event
    ) -> None:
        self.answer = answer
        self.stopping = stopping
        super().__init__((LOOPBACK, port), SlackRequestHandler)
        self.hosts = {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}

    def server_bind(self) -> None:
        """Bind without asking a name server what the loopback address is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own affair; anything else is a bug worth a trace."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log.error("local Slack failed on a request", exc_info=error)


class SlackRequestHandler(BaseHTTPRequestHandler):
    """Reads a request, has it answered, and sends the reply as whole or broken as it should be."""

    protocol_version = "HTTP/1.1"
    server_version = "molva-dev-slack"
    sys_version = ""
    timeout = 30
    server: SlackHttpServer

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Calls are counted, not printed."""

    def _serve(self) -> None:
        problem = self._problem()
        if problem:
            self.close_connection = True
            self._send(json_reply({"ok": False, "error": problem[1]}, problem[0]))
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        try:
            request = Request(self.command, address.path, address.query, self.headers, body)
            reply = self.server.answer(request)
        except Refusal as refusal:
            reply = json_reply({"ok": False, "error": refusal.name})
        if reply.wait and self.server.stopping.wait(reply.wait):
            reply = Reply(ends="close")
        self._finish(reply)

    def _problem(self) -> tuple[int, str] | None:
        if self.headers.get("Host") not in self.server.hosts:
            return 421, "wrong_host"
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            return 411, "length_required"
        if len(length) > 9 or int(length) > MAX_BODY:
            return 413, "request_too_large"
        return None

    def _finish(self, reply: Reply) -> None:
        if reply.ends in ("close", "reset"):
            self.close_connection = True
            if reply.ends == "reset":
                self._reset()
            return
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        half = reply.ends == "half"
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in (*reply.headers, *SAFETY):
            self.send_header(name, value)
        if half or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) // 2] if half else reply.body)

    def _reset(self) -> None:
        """End the connection by RST: without lingering, and before anything can end it well."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())
