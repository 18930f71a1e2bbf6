"""Between the server and the pages of a site: robots.txt, pace, faults, and words of refusal."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from threading import Event, Lock
from typing import Protocol

from molva.dev.site.faults import (
    Captcha,
    Cut,
    Empty,
    Fault,
    FaultPlan,
    Malformed,
    RedirectLoop,
    Slow,
    Status,
)
from molva.dev.site.http import Request, Response
from molva.dev.site.markup import captcha, page

ROBOTS = "User-agent: *\nDisallow: /admin/\nDisallow: /search?\nAllow: /\n"
_REASONS = {404: "Not Found", 410: "Gone", 429: "Too Many Requests", 503: "Service Unavailable"}
_ERROR_TYPES = {404: "not_found", 410: "not_found", 429: "rate_limit"}
_ENTRY = re.compile(rb"(<(?:item|entry|url)>)")
_JSONLD = re.compile(rb'(<script type="application/ld\+json">\{)')


class Pages(Protocol):
    """What a kind of site is; None is what it does not have."""

    def answer(self, request: Request) -> Response | None: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, as the site remembers it."""

    target: str
    status: int
    agent: str
    at: float


class Pace:
    """At most ``limit`` requests in any minute; None is no limit."""

    def __init__(self, limit: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._times: deque[float] = deque()
        self._lock = Lock()

    def wait(self) -> int | None:
        """Seconds for which the reader must stay away, or None when it may go on."""
        if self._limit is None:
            return None
        with self._lock:
            now = self._clock()
            while self._times and now - self._times[0] >= 60:
                self._times.popleft()
            if len(self._times) < self._limit:
                self._times.append(now)
                return None
            return int(60 - (now - self._times[0])) + 1


class Answers:
    """What the site says to a request, all things considered."""

    def __init__(
        self, pages: Pages, plan: FaultPlan, pace: Pace, *, robots: str | None, stop: Event
    ) -> None:
        self._pages = pages
        self._plan = plan
        self._pace = pace
        self._robots = robots
        self._stop = stop

    def __call__(self, request: Request) -> Response:
        fault = self._plan.next_for(request.path, dict(request.query))
        if isinstance(fault, Slow):
            self._stop.wait(fault.seconds)
        elif fault and (broken := self._instead(fault, request)):
            return broken
        answer = self._honest(request)
        return _spoiled(fault, answer) if fault and answer.status == 200 else answer

    def _honest(self, request: Request) -> Response:
        if request.path == "/robots.txt":
            rules = ROBOTS if self._robots is None else self._robots
            text = f"{rules}\nSitemap: {request.base}/sitemap.xml\n"
            return Response(200, text.encode(), "text/plain; charset=utf-8")
        if (seconds := self._pace.wait()) is not None:
            return refusal(request, 429, seconds)
        return self._pages.answer(request) or refusal(request, 404)

    def _instead(self, fault: Fault, request: Request) -> Response | None:
        match fault:
            case Captcha(style=style):
                return Response(200, captcha(style), headers={"Cache-Control": "no-store"})
            case Status(status=status, retry_after=seconds):
                return refusal(request, status, seconds)
            case RedirectLoop():
                hops = request.number("hop", 0) + 1
                return Response(302, b"", headers={"Location": f"{request.path}?hop={hops}"})
            case Empty():
                return Response(200, b"")
        return None


def refusal(request: Request, status: int, retry_after: int | None = None) -> Response:
    """An error page; JSON, in Discourse's words, to whoever asked for JSON."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    reason = _REASONS.get(status, "Error")
    if not request.path.endswith(".json"):
        html = page(f"{status} {reason}", f"<h1>{status} {escape(reason)}</h1>")
        return Response(status, html, headers=headers)
    error = {"errors": [reason], "error_type": _ERROR_TYPES.get(status, "error")}
    if retry_after is not None:
        left = {"wait_seconds": retry_after, "time_left": f"{retry_after} seconds"}
        error |= {"extras": left}  # type: ignore[dict-item]
    body = json.dumps(error).encode()
    return Response(status, body, "application/json; charset=utf-8", headers)


def _spoiled(fault: Fault, answer: Response) -> Response:
    match fault:
        case Cut(at=share, chunked=chunked):
            return replace(answer, keep=share, chunked=chunked, shown=())
        case Malformed():
            return replace(answer, body=_malformed(answer), shown=())
    return answer


def _malformed(answer: Response) -> bytes:
    middle = len(answer.body) // 2
    if "json" in answer.content_type:
        return answer.body[:middle]
    if "xml" in answer.content_type:
        return _ENTRY.sub(rb"\1<title>&nbsp; & <b></title>", answer.body)
    return _JSONLD.sub(rb'\1"name": "unfinished, ', answer.body)
