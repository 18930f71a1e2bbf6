"""The HTTP side of a local site: a threaded loopback server with the manners of real ones."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from mentions.errors import ConfigError

WORTH_PACKING = 600  # bytes
LOOPBACK = "127.0.0.1"
_HOST = re.compile(r"[\w.-]+(:\d+)?")  # it is written into every page


@dataclass(frozen=True, slots=True)
class Request:
    """One GET or HEAD; ``target`` is as it came, ``path`` unquoted, ``words`` the parts of it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    target: str
    base: str
    headers: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """An id may hold a slash, which is quoted in an address."""
        return [unquote(part) for part in urlsplit(self.target).path.strip("/").split("/")]

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def number(self, name: str, default: int) -> int:
        """A query parameter as a number; 0, which no page has, when it is none."""
        text = self.one(name, str(default))
        return int(text) if text.isascii() and text.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``shown`` are the posts on it, and ``keep`` the share of the body that is sent."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: datetime | None = None
    shown: tuple[str, ...] = ()
    keep: float | None = None
    chunked: bool = False


Answer = Callable[[Request], Response]
Delivered = Callable[[Request, Response], None]


class SiteServer(ThreadingHTTPServer):
    """Serves ``answer`` on a loopback port; ``delivered`` hears of each answer before it is sent.

    Before, not after: a reader that has an answer in hand may ask again at once, and must find
    the site as this answer has left it.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, answer: Answer, delivered: Delivered) -> None:
        self.answer = answer
        self.delivered = delivered
        try:
            super().__init__((LOOPBACK, port), _Conversation)
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be opened ({error.strerror}): choose another, or 0 for any"
            ) from error

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Readers that hang up are everyday; anything else is a bug and shows its traceback."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Conversation(BaseHTTPRequestHandler):
    server: SiteServer
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    def do_GET(self) -> None:
        request = self._request()
        response = self._negotiated(request, self.server.answer(request))
        self.server.delivered(request, response)
        self._send(response)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """The site's own record of requests says it better."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        host = self.headers.get("Host", "")
        if not _HOST.fullmatch(host):
            host = urlsplit(self.server.url).netloc
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query, keep_blank_values=True),
            target=self.path,
            base=f"http://{host}",
            headers={name.lower(): value for name, value in self.headers.items()},
        )

    def _negotiated(self, request: Request, response: Response) -> Response:
        """Adds validators, answers 304 to whoever has it already, packs the rest."""
        if response.status != 200:
            return response
        tag = f'W/"{sha256(response.body).hexdigest()[:20]}"'
        headers = {**response.headers, "ETag": tag}
        if changed := response.changed:
            headers["Last-Modified"] = format_datetime(changed.astimezone(UTC), usegmt=True)
        if response.keep is None and _has_it(request, tag, response.changed):
            return Response(304, b"", headers=headers)
        body = response.body
        if "gzip" in request.headers.get("accept-encoding", "") and len(body) > WORTH_PACKING:
            body = gzip.compress(body, compresslevel=4, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(
            200,
            body,
            response.content_type,
            headers,
            shown=response.shown,
            keep=response.keep,
            chunked=response.chunked,
        )

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 304:
            self.send_header("Content-Type", response.content_type)
        if response.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif response.status != 304:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(response)

    def _send_body(self, response: Response) -> None:
        if response.keep is None:
            self.wfile.write(response.body)
            return
        part = response.body[: int(len(response.body) * response.keep)]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if response.chunked else part)
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)


def _has_it(request: Request, tag: str, changed: datetime | None) -> bool:
    if known := request.headers.get("if-none-match"):
        return tag.removeprefix("W/") in {t.strip().removeprefix("W/") for t in known.split(",")}
    since = request.headers.get("if-modified-since")
    if not since or not changed:
        return False
    try:
        return changed.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
