"""One request to a site, with patience; every way that it can fail becomes one of ours."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    DownloadCancelledError,
    IgnoreRequest,
    NotSupported,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response

from crawlers.blocks import find_block
from crawlers.guard import PrivateAddressError
from crawlers.outage import DOWN, why_down
from crawlers.page import ForbiddenError, GoneError, Page, PageError, SiteDownError
from crawlers.robots import RobotsRules
from mentions.errors import BlockedError, ConfigError

ATTEMPTS = 3  # for answers that ask to wait or that break off
WAITS = (5.0, 20.0)  # seconds, where a busy site does not say how long
LONGEST_WAIT = 120.0  # seconds; a site that asks for more is left alone until the next crawl

_UNREADABLE = (OSError, EOFError, zlib.error)  # what unpacking a damaged body raises
_KEPT_OUT = frozenset({401, 403, 451})
_LATER = frozenset({408, 425})  # "request timeout" and "too early" say nothing about the page


class SiteFetch:
    """Pages of the sites of one crawl, through Scrapy's downloader and all its manners."""

    def __init__(self, crawler: Crawler, robots: RobotsRules, own_hosts: frozenset[str]) -> None:
        self._crawler = crawler
        self._robots = robots
        self._own_hosts = own_hosts  # those that watch.toml names
        self._asked: dict[str, float] = {}

    async def __call__(
        self, url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]
    ) -> Page:
        for attempt in range(ATTEMPTS):
            page = await self._ask(url, headers, hint)
            if attempt + 1 == ATTEMPTS or not await self._worth_another(page, attempt):
                break
        return _judged(page)

    async def _worth_another(self, page: Page, attempt: int) -> bool:
        """Whether the same question may get a better answer; waits as long as the site asks."""
        if page.broken:
            return True
        if page.status not in (429, 503) or find_block(page):
            return False
        wait = _retry_after(page)
        if wait is not None and wait > LONGEST_WAIT:
            raise SiteDownError(f"{page.url} asks us to wait for {wait:.0f} seconds")
        await asyncio.sleep(WAITS[attempt] if wait is None else wait)
        return True

    async def _ask(self, url: str, headers: Mapping[str, str], hint: Mapping[str, Any]) -> Page:
        await self._keep_distance(urlsplit(url).netloc)
        try:
            request = Request(url, headers=dict(headers), dont_filter=True)
            response = await self._crawler.engine.download_async(request)
        except DOWN as error:
            raise SiteDownError(f"{url}: {why_down(error)}") from error
        except IgnoreRequest as error:
            raise self._ignored(url, error) from error
        except DownloadCancelledError as error:
            raise PageError("larger than a page may be") from error
        except _UNREADABLE as error:
            raise PageError("cannot be unpacked") from error
        except (ValueError, UnsupportedURLSchemeError, NotSupported) as error:
            raise PageError("not an address that can be fetched") from error
        return _page(response, hint)

    async def _keep_distance(self, site: str) -> None:
        """The pause that a site's robots.txt asks for, if it is longer than ours."""
        delay = self._robots.delays.get(site, 0.0)
        pause = self._asked.get(site, float("-inf")) + delay - monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        self._asked[site] = monotonic()

    def _ignored(self, url: str, error: IgnoreRequest) -> Exception:
        parts, message = urlsplit(url), str(error)
        if isinstance(error, PrivateAddressError):
            if message == parts.hostname and parts.netloc in self._own_hosts:
                return ConfigError(
                    f"{url} is in a private network: if that is meant, "
                    "set allow_private = true for the source"
                )
            return PageError("leads into a private network")
        if "robots.txt" in message:
            if why := self._robots.unknown.get(parts.netloc):
                return SiteDownError(f"{parts.netloc}: its robots.txt {why}")
            return ForbiddenError(f"robots.txt forbids {url}")
        if "redirections" in message:
            return PageError("redirects without end")
        return PageError("larger than a page may be")


def _page(response: Response, hint: Mapping[str, Any]) -> Page:
    headers = {
        name.decode("latin-1").lower(): values[-1].decode("latin-1")
        for name, values in response.headers.items()
        if values
    }
    return Page(
        url=response.url,
        body=response.body,
        fetched_at=datetime.now(UTC),
        status=response.status,
        headers=headers,
        broken="dataloss" in response.flags,
        hint=hint,
    )


def _judged(page: Page) -> Page:
    """The page, if it is one."""
    status = page.status
    if 200 <= status < 300 or status == 304:
        return page
    if status in (404, 410):
        raise GoneError(f"HTTP {status}")
    who = find_block(page)
    if status in _KEPT_OUT or status == 429 or who:
        raise BlockedError(f"{page.url} answers {status}{f' and shows {who}' if who else ''}")
    if status >= 500 or status in _LATER:
        raise SiteDownError(f"{page.url} answers {status}")
    raise PageError(f"HTTP {status}")


def _retry_after(page: Page) -> float | None:
    """Seconds, from a number or a date."""
    value = page.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (until - page.fetched_at).total_seconds()) if until.tzinfo else None
