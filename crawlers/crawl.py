"""All streams of a source, one after the other, and the verdict over them."""

from __future__ import annotations

import asyncio
from enum import StrEnum

import structlog
from w3lib.url import safe_url_string

from crawlers.base import Stream
from crawlers.descent import Descent
from crawlers.intake import Intake
from crawlers.page import PageError, SiteDownError
from crawlers.params import host_of
from crawlers.plan import Plan, Report
from mentions.errors import BlockedError, MolvaError

LOOK_UP_PAGES = 10  # for one post that has no page of its own

log = structlog.get_logger()


class Verdict(StrEnum):
    """How a run ended; the worst that was met."""

    OK = "ok"
    RED = "red"
    BLOCKED = "blocked"
    FAILED = "failed"


async def read_streams(intake: Intake, plan: Plan) -> None:
    """Read every stream. One that fails leaves the others be, but a site that keeps us out is
    asked for nothing more.
    """
    closed: set[str] = set()
    for stream in intake.spider.streams():
        host = host_of(stream.url)
        if host in closed:
            continue
        try:
            await Descent(intake, stream, plan).run()
        except BlockedError as error:
            closed.add(host)
            _note(intake.report, stream, error)
        except SiteDownError as error:
            _note(intake.report, stream, error)


async def read_one(intake: Intake, url: str) -> None:
    """Read one post again, wherever its source shows it."""
    wanted = safe_url_string(url)
    lists = {stream.url for stream in intake.spider.streams()}
    reason = "it is not shown any more"
    for stream in intake.spider.single(url):
        try:
            if await _look_up(intake, stream, wanted, is_list=stream.url in lists):
                return
        except PageError as error:
            reason = str(error)
        except (BlockedError, SiteDownError) as error:
            _note(intake.report, stream, error)
            return
    intake.report.complaints.append(f"{url}: {reason}")


async def _look_up(intake: Intake, stream: Stream, wanted: str, *, is_list: bool) -> bool:
    page_url: str | None = stream.url
    for _ in range(LOOK_UP_PAGES):
        if page_url is None:
            return False
        page = await intake.fetch(page_url, headers={}, hint={"only": wanted})
        reading = await intake.read(page, stream)
        found = [post for post in reading.posts if post.url == wanted]
        if not is_list and len(reading.posts) == 1:
            found = reading.posts  # the page is the post's, whatever it calls itself
        if found:
            await intake.store(found, await asyncio.to_thread(intake.sink.last_read))
            return True
        page_url = intake.spider.next_url(page, reading) if is_list else None
    return False


def judge(report: Report, max_rejected: float) -> Verdict:
    """The verdict; rows that could not be read beyond the limit become a complaint, and so does
    every mention that the store refused: the bookmark has gone past it.
    """
    rejected = report.counts["rejected"]
    read = report.counts["fetched"] + rejected
    if read and rejected / read > max_rejected:
        report.complaints.append(
            f"{rejected} of {read} rows could not be read (at most {max_rejected:.0%} may): "
            "the site has changed, or the spider does not fit it"
        )
    if refused := report.counts["refused"]:
        report.complaints.append(
            f"{refused} mentions were refused by the store and set aside: "
            "`molva why URL` says why, and `molva crawl SOURCE --url URL` tries one again"
        )
    if report.error is not None:
        if str(report.error) not in report.complaints:
            report.complaints.append(str(report.error))
        return Verdict.BLOCKED if isinstance(report.error, BlockedError) else Verdict.FAILED
    return Verdict.RED if report.complaints else Verdict.OK


def _note(report: Report, stream: Stream, error: MolvaError) -> None:
    """A block outweighs an outage: the one needs a person, the other passes."""
    log.warning("stream could not be read", stream=stream.name, reason=str(error))
    report.complaints.append(str(error))
    if not isinstance(report.error, BlockedError):
        report.error = error
