"""A small local site whose every answer a test writes down, for what no honest server would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """``announced`` is a Content-Length that the body does not live up to."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    path: str
    headers: Mapping[str, str]
    at: float


@dataclass(slots=True)
class LocalSite:
    """Answers by path, or path and query; a list is used up one by one, its last answer stays."""

    url: str
    answers: dict[str, Answer | list[Answer] | Callable[[str], Answer]]
    visits: list[Visit] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [visit.path for visit in self.visits]

    def answer(self, path: str) -> Answer:
        found = self.answers.get(path) or self.answers.get(path.partition("?")[0])
        if callable(found):
            return found(path)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found or Answer("not here", 404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: LocalSite


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.site.visits.append(Visit(self.path, headers, monotonic()))
        answer = self.server.site.answer(self.path)
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        length = len(body) if answer.announced is None else answer.announced
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = answer.announced is not None

    def log_message(self, format: str, *args: object) -> None:
        """The visits say it."""


@contextmanager
def serve(
    answers: dict[str, Answer | list[Answer] | Callable[[str], Answer]],
) -> Iterator[LocalSite]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = LocalSite(f"http://127.0.0.1:{server.server_address[1]}", answers)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def rss(*items: str, older: str | None = None) -> Answer:
    """A feed of these items, newest first."""
    link = f'<atom:link rel="next" href="{older}"/>' if older else ""
    body = (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        f'xmlns:atom="http://www.w3.org/2005/Atom"><channel>{link}{"".join(items)}</channel></rss>'
    )
    return Answer(body, headers={"Content-Type": "application/rss+xml"})


def item(number: int, text: str | None = None, date: str | None = None) -> str:
    when = f"<pubDate>{date}</pubDate>" if date else ""
    return (
        f"<item><title>Новость {number}</title><link>/posts/{number}</link>"
        f'<guid isPermaLink="false">post-{number}</guid>{when}'
        f"<description>{text or f'Ромашка, случай {number}'}</description></item>"
    )


def as_json(data: Any, **headers: str) -> Answer:
    return Answer(json.dumps(data), headers={"Content-Type": "application/json", **headers})
