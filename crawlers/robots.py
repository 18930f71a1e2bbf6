"""robots.txt by RFC 9309, where Scrapy reads it more loosely.

What Scrapy does with the rules is left to it; here the answer is made one that it reads rightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.http import TextResponse
from scrapy.http.request import NO_CALLBACK

from crawlers.outage import DOWN, why_down

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

TOKEN = "molva"  # noqa: S105 - what robots.txt calls us
LONGEST_DELAY = 60.0  # seconds; asked for more, we are slower than anybody else already
_LARGEST = 500 * 1_024  # bytes that the RFC wants read


class RobotsAnswers:
    """A downloader middleware that hears every answer to a request for robots.txt.

    A site that cannot say what it forbids forbids everything for now; one that has no rules forbids
    nothing, and its page for "not found" is not read as rules.
    """

    def __init__(self, rules: RobotsRules) -> None:
        self._rules = rules

    @classmethod
    def from_crawler(cls, crawler: Any) -> RobotsAnswers:
        rules = crawler.spider.robots
        crawler.signals.connect(rules.parsed, signal=signals.robots_parsed)
        return cls(rules)

    def process_response(self, request: Request, response: Response) -> Response:
        if not _asks_for_robots(request):
            return response
        if response.status == 429 or response.status >= 500:
            return self._nothing_allowed(request, f"answers {response.status}")
        if response.status >= 400:
            return _robots(request, b"")
        return response.replace(body=response.body[:_LARGEST])

    def process_exception(self, request: Request, exception: Exception) -> Response | None:
        if not _asks_for_robots(request) or not isinstance(exception, DOWN):
            return None
        return self._nothing_allowed(request, f"cannot be fetched: {why_down(exception)}")

    def _nothing_allowed(self, request: Request, why: str) -> Response:
        self._rules.unknown[urlsplit(request.url).netloc] = why
        return _robots(request, b"User-agent: *\nDisallow: /\n")


class RobotsRules:
    """What is known of the sites of one crawl."""

    def __init__(self) -> None:
        self.unknown: dict[str, str] = {}  # by site, why its rules are not known
        self.delays: dict[str, float] = {}  # by site, the seconds that it asks for

    def parsed(self, robotparser: Any, request: Request) -> None:
        delay = robotparser.crawl_delay(TOKEN)
        if delay:
            self.delays[urlsplit(request.url).netloc] = min(float(delay), LONGEST_DELAY)


def _asks_for_robots(request: Request) -> bool:
    return request.callback is NO_CALLBACK and urlsplit(request.url).path == "/robots.txt"


def _robots(request: Request, body: bytes) -> Response:
    return TextResponse(request.url, status=200, body=body, encoding="utf-8", request=request)
