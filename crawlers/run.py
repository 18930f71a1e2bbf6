"""One crawl of one source, in this process: Scrapy's reactor starts once and cannot start again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from crawlers.base import PostSpider
from crawlers.crawl import read_one, read_streams
from crawlers.fetch import SiteFetch
from crawlers.guard import AddressGuard
from crawlers.intake import Intake
from crawlers.plan import Fetch, Plan, Report
from crawlers.robots import RobotsRules
from crawlers.settings import scrapy_settings
from crawlers.sink import Sink
from mentions.errors import MolvaError, TransientError
from mentions.model import Origin

# These tell in tracebacks what the crawl reports in a sentence.
_NOISY = (
    "twisted",
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.httpcompression",
    "scrapy.downloadermiddlewares.robotstxt",
)
Work = Callable[[Fetch], Awaitable[None]]


class Reader(scrapy.Spider):
    """Lends Scrapy's downloader to one coroutine; what it asks for next hangs on what it read."""

    name = "molva"

    def __init__(self, work: Work, guard: AddressGuard, own_hosts: frozenset[str]) -> None:
        super().__init__()
        self.guard = guard
        self.robots = RobotsRules()
        self.result: asyncio.Future[None] | None = None
        self._work = work
        self._own_hosts = own_hosts

    async def start(self) -> AsyncIterator[Any]:
        fetch = SiteFetch(self.crawler, self.robots, self._own_hosts)
        self.result = asyncio.ensure_future(self._work(fetch))
        try:
            await asyncio.wait({self.result})
        finally:
            self.result.cancel()  # nothing if it is done; when we are told to stop, it stops too
        return
        yield  # what makes this a generator, as Scrapy wants it


def crawl(
    spider: PostSpider,
    sink: Sink,
    *,
    allow_private: bool,
    since: datetime | None = None,
    origin: Origin = Origin.LIVE,
    only: str | None = None,
) -> Report:
    """Read a source to where it was read before. The report's ``error`` says what went wrong."""
    now, days = datetime.now(UTC), spider.params.first_days
    plan = Plan(
        now=now,
        first_since=None if days is None else now - timedelta(days=days),
        first_pages=spider.params.max_pages,
        since=since,
        origin=origin,
    )
    report = Report()

    async def work(fetch: Fetch) -> None:
        intake = Intake(spider, fetch, sink, report, origin)
        try:
            await (read_streams(intake, plan) if only is None else read_one(intake, only))
        except MolvaError as error:
            report.error = error

    _run(work, spider, AddressGuard(allow_private=allow_private), report)
    return report


def _run(work: Work, spider: PostSpider, guard: AddressGuard, report: Report) -> None:
    logging.disable(logging.INFO)  # Scrapy tells of every step it takes
    settings = scrapy_settings(spider.params, guard)
    process = AsyncCrawlerProcess(settings)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    crawler = process.create_crawler(Reader)
    own_hosts = frozenset(urlsplit(url).netloc for url in spider.params.urls)
    process.crawl(crawler, work, guard, own_hosts)
    process.start()
    reader = crawler.spider
    result = reader.result if isinstance(reader, Reader) else None
    if result is None or result.cancelled():
        report.error = report.error or TransientError("the crawl was stopped before its end")
    else:
        result.result()  # raises what nobody foresaw
