"""Taking in what a page gave: counted, stored or set aside, each post once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from crawlers.base import MAX_EXCERPT, PostSpider, Reading, Rejected, Stream
from crawlers.blocks import find_block
from crawlers.page import ForbiddenError, GoneError, Page, PageError
from crawlers.plan import Fetch, Report
from crawlers.sink import Sink
from mentions.errors import BlockedError
from mentions.model import Origin, Post


class Intake:
    """Shared by the streams of a crawl: a post that two of them list is stored once."""

    def __init__(
        self, spider: PostSpider, fetch: Fetch, sink: Sink, report: Report, origin: Origin
    ) -> None:
        self.spider = spider
        self.fetch = fetch
        self.sink = sink
        self.report = report
        self.origin = origin
        self._taken: set[str] = set()

    async def read(self, page: Page, stream: Stream) -> Reading:
        """What a page says. Raises ``BlockedError`` if it is kept from us."""
        self.report.count(pages=1)
        reading = self.spider.read(page, stream.site)
        if not (reading.posts or reading.links) and (who := find_block(page)):
            raise BlockedError(f"{page.url} shows {who} where posts should be")
        self.report.count(skipped=reading.skipped)
        rejected = [*reading.rejected]
        if reading.fault is not None:
            rejected.append(Rejected(page.url, reading.fault, page.text[:MAX_EXCERPT]))
        await self.set_aside(rejected)
        return reading

    async def follow(self, url: str, hint: dict[str, object], stream: Stream) -> Reading:
        """What a page says that a list links to; not whole if it could not be fetched or read."""
        try:
            page = await self.fetch(url, headers={}, hint=hint)
        except ForbiddenError as error:
            raise BlockedError(str(error)) from error
        except GoneError:
            self.report.count(skipped=1)
            return Reading()
        except PageError as error:
            await self.set_aside([Rejected(url, str(error), "")])
            return Reading(whole=False)
        return await self.read(page, stream)

    async def set_aside(self, rejected: Sequence[Rejected]) -> None:
        if rejected:
            self.report.count(rejected=len(rejected))
            await asyncio.to_thread(self.sink.reject, rejected)

    async def store(self, posts: Sequence[Post], read_before: datetime | None) -> None:
        """Returns once every post is acknowledged."""
        fresh = {post.post_id: post for post in posts if post.post_id not in self._taken}
        self.report.count(repeated=len(posts) - len(fresh), fetched=len(fresh))
        if not fresh:
            return
        outcomes = await asyncio.to_thread(
            self.sink.put, [*fresh.values()], self.origin, read_before
        )
        self._taken |= fresh.keys()
        self.report.count(**outcomes)
