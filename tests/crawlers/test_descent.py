"""Reading down to the bookmark: nothing is lost, whatever stops it, and little is read twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.crawl import read_streams
from crawlers.descent import REPEATED_PAGES
from crawlers.intake import Intake
from crawlers.page import GoneError, Page, PageError, SiteDownError
from crawlers.plan import Fetch, Plan, Report
from mentions.errors import BlockedError, TransientError
from mentions.model import Origin
from tests.crawlers.memory import (
    EPOCH,
    NOW,
    ListSite,
    ListSpider,
    MemorySink,
    json_page,
    link_spider,
    list_spider,
)

PLAN = Plan(now=NOW, first_since=None, first_pages=1_000)


def crawl(
    site: Fetch, sink: MemorySink, plan: Plan = PLAN, spider: ListSpider | None = None
) -> Report:
    report = Report()
    intake = Intake(spider or list_spider(), site, sink, report, plan.origin)
    asyncio.run(read_streams(intake, plan))
    return report


def site_with(count: int, **options: Any) -> ListSite:
    site = ListSite(**options)
    for number in range(1, count + 1):
        site.publish(number)
    return site


def test_a_first_crawl_reads_everything() -> None:
    sink = MemorySink()
    report = crawl(site_with(10), sink)
    assert len(sink.posts) == 10
    assert report.counts["fetched"] == 10
    assert report.complaints == []


def test_the_next_crawl_stops_where_the_last_one_began() -> None:
    site, sink = site_with(30), MemorySink()
    crawl(site, sink)
    site.asked.clear()
    site.publish(31)
    crawl(site, sink)
    assert "31" in sink.posts
    assert len(site.asked) == 1, "the first page already shows known posts at its end"


def test_new_posts_over_several_pages_are_all_read() -> None:
    site, sink = site_with(5), MemorySink()
    crawl(site, sink)
    for number in range(6, 26):
        site.publish(number)
    crawl(site, sink)
    assert len(sink.posts) == 25


@pytest.mark.parametrize("undated", [False, True])
def test_old_posts_pinned_to_the_top_hide_nothing(undated: bool) -> None:
    site, sink = site_with(9, undated=undated), MemorySink()
    crawl(site, sink)
    for number in range(10, 15):
        site.publish(number)
    site.posts.remove(1)
    site.publish(1)
    crawl(site, sink)
    assert len(sink.posts) == 14


def test_a_moderated_post_with_an_older_date_is_not_taken_for_known() -> None:
    site, sink = site_with(9), MemorySink()
    site.posts.remove(5)  # written between 4 and 6, approved only after 9
    crawl(site, sink)
    site.publish(5)
    crawl(site, sink)
    assert "5" in sink.posts


def test_a_post_dated_ahead_does_not_hide_those_before_it() -> None:
    site, sink = site_with(3), MemorySink()
    ahead = int((NOW + timedelta(hours=20) - EPOCH).total_seconds() // 60)
    site.publish(ahead)
    crawl(site, sink)
    stored = sink.bookmarks["https://list.example"]
    assert f'"position":{NOW.timestamp()}' in stored


def test_a_crawl_that_loses_the_site_half_way_leaves_the_bookmark() -> None:
    site, sink = site_with(3), MemorySink()
    crawl(site, sink)
    before = dict(sink.bookmarks)
    for number in range(4, 20):
        site.publish(number)

    report = crawl(failing(site, after=2, error=SiteDownError("gone")), sink)
    assert isinstance(report.error, TransientError)
    assert sink.bookmarks == before
    crawl(site, sink)
    assert len(sink.posts) == 19


def test_a_block_half_way_leaves_the_bookmark_and_keeps_what_was_read() -> None:
    site, sink = site_with(30), MemorySink()
    report = crawl(failing(site, after=2, error=BlockedError("a captcha")), sink)
    assert isinstance(report.error, BlockedError)
    assert len(sink.posts) == 6
    assert sink.bookmarks == {}


def test_an_unreadable_page_is_set_aside_and_the_bookmark_waits_for_it() -> None:
    site, sink = site_with(9), MemorySink()
    report = crawl(failing(site, after=1, error=PageError("not JSON")), sink)
    assert report.counts["rejected"] == 1
    assert report.counts["unfinished"] == 1
    assert sink.bookmarks == {}
    crawl(site, sink)
    assert len(sink.posts) == 9
    assert sink.bookmarks


def test_a_page_past_the_last_one_is_the_end_of_the_list() -> None:
    site, sink = site_with(6), MemorySink()
    report = crawl(failing(site, after=2, error=GoneError("HTTP 404")), sink)
    assert report.counts["rejected"] == 0
    assert sink.bookmarks


def test_a_first_page_that_is_gone_is_rejected() -> None:
    sink = MemorySink()
    report = crawl(failing(site_with(6), after=0, error=GoneError("HTTP 404")), sink)
    assert [rejected.reason for rejected in sink.rejected] == ["HTTP 404"]
    assert report.counts["rejected"] == 1
    assert sink.bookmarks == {}


def test_a_list_that_is_gone_is_complained_of_at_once() -> None:
    site, sink = site_with(6), MemorySink()
    crawl(site, sink)
    report = crawl(failing(site, after=0, error=GoneError("HTTP 404")), sink)
    assert "could not be read" in report.complaints[0]


@pytest.mark.parametrize(
    ("later", "told"), [(timedelta(hours=1), False), (timedelta(days=2), True)]
)
def test_a_part_that_stays_unreadable_is_complained_of(later: timedelta, told: bool) -> None:
    site, sink = site_with(6), MemorySink()
    crawl(site, sink)
    for number in range(7, 16):
        site.publish(number)
    fetch = failing(site, after=1, error=PageError("not JSON"))
    report = crawl(fetch, sink, replace(PLAN, now=NOW + later))
    assert ["could not be read" in said for said in report.complaints] == [True] * told


def test_a_list_that_always_breaks_off_is_complained_of_from_the_first() -> None:
    site, sink = site_with(2), MemorySink()

    async def fetch(url: str, **_: Any) -> Page:
        return json_page({"posts": site.page(url)}, url, broken=True)

    for _ in range(2):
        report = crawl(fetch, sink)
        assert "could not be read" in report.complaints[0]
        assert sink.bookmarks == {}


def test_a_site_that_repeats_its_last_page_for_ever_comes_to_an_end() -> None:
    site = site_with(3)

    async def always_the_same(url: str, **_: Any) -> Page:
        return json_page({"posts": [site.row(number) for number in site.posts]}, url)

    sink = MemorySink()
    report = crawl(always_the_same, sink)
    assert report.counts["pages"] == 1 + REPEATED_PAGES
    assert report.counts["repeated"] == 3 * REPEATED_PAGES
    assert sink.bookmarks


@pytest.mark.parametrize("pinned", [[], [1]])
def test_a_list_too_short_to_reach_the_last_crawl_is_complained_of(pinned: list[int]) -> None:
    site, sink = site_with(5), MemorySink()
    crawl(site, sink)
    site.posts = [
        *pinned,
        *range(5_020, 5_000, -1),
    ]  # days later: everything known has scrolled away
    report = crawl(site, sink)
    assert "may be lost" in report.complaints[0]
    assert crawl(site, sink).complaints == []


def test_a_first_crawl_reads_as_many_pages_as_it_may() -> None:
    site, sink = site_with(30), MemorySink()
    report = crawl(site, sink, replace(PLAN, first_pages=2))
    assert len(sink.posts) == 6
    assert report.complaints == []
    assert sink.bookmarks, "that was all that was wanted"


def test_a_first_crawl_reads_as_many_days_as_it_may() -> None:
    site, sink = site_with(30), MemorySink()
    crawl(site, sink, replace(PLAN, first_since=EPOCH + timedelta(minutes=28)))
    assert set(sink.posts) == {str(number) for number in range(25, 31)}, "pages are read whole"


def test_since_reads_again_down_to_a_time_and_drops_what_is_older() -> None:
    site, sink = site_with(30), MemorySink()
    crawl(site, sink)
    again = MemorySink(bookmarks=sink.bookmarks)
    report = crawl(site, again, replace(PLAN, since=EPOCH + timedelta(minutes=20)))
    assert set(again.posts) == {str(number) for number in range(20, 31)}
    assert report.counts["older"] == 1


@pytest.mark.parametrize("pinned", [[], [1]])
def test_since_above_the_bookmark_leaves_it_where_it_is(pinned: list[int]) -> None:
    site, sink = site_with(3), MemorySink()
    crawl(site, sink)
    before = dict(sink.bookmarks)
    site.posts = [*pinned, *range(5_030, 5_000, -1), *site.posts]
    crawl(site, sink, replace(PLAN, since=EPOCH + timedelta(minutes=5_025)))
    assert sink.bookmarks == before
    crawl(site, sink)
    assert len(sink.posts) == 33


def test_backfill_leaves_new_posts_to_the_usual_crawl_and_moves_nothing() -> None:
    site, sink = site_with(9), MemorySink()
    crawl(site, sink, replace(PLAN, first_pages=1))
    before = dict(sink.bookmarks)
    site.publish(10_000)
    plan = replace(PLAN, since=EPOCH, origin=Origin.BACKFILL)
    report = crawl(site, sink, plan)
    assert report.counts["left_to_live"] >= 1
    assert "10000" not in sink.posts
    assert sink.bookmarks == before


def test_backfill_takes_old_posts_behind_links_and_leaves_new_ones() -> None:
    site, sink = site_with(9), MemorySink()
    read = replace(PLAN, first_pages=1, now=EPOCH + timedelta(days=2))
    crawl(site, sink, read, link_spider())
    site.publish(2 * 24 * 60 + 5)
    plan = replace(PLAN, since=EPOCH, origin=Origin.BACKFILL)
    report = crawl(site, sink, plan, link_spider())
    assert set(sink.posts) == {str(number) for number in range(1, 10)}
    assert report.counts["left_to_live"] == 1


def test_posts_carry_when_their_stream_was_last_read_whole() -> None:
    site, sink = site_with(3), MemorySink()
    crawl(site, sink)
    assert set(sink.read_before.values()) == {None}
    site.publish(4)
    crawl(failing(site, after=0, error=SiteDownError("down")), sink, replace(PLAN, now=NOW))
    crawl(site, sink, replace(PLAN, now=NOW + timedelta(days=2)))
    assert sink.read_before["4"] == NOW, "the outage in between is no reading"


def test_rows_that_cannot_be_read_are_set_aside_and_the_list_goes_on() -> None:
    async def fetch(url: str, **_: Any) -> Page:
        if "page=2" in url:
            return json_page({"posts": [{"id": 1, "text": "Пост"}]}, url)
        rows = [{"id": 5}, None, {"id": 4, "text": ""}] if "page" not in url else []
        return json_page({"posts": rows}, url)

    sink = MemorySink()
    report = crawl(fetch, sink)
    assert set(sink.posts) == {"1"}
    assert report.counts["rejected"] == 3
    assert sink.bookmarks, "what is set aside is acknowledged"


def test_an_unchanged_stream_costs_one_request_and_counts_as_read() -> None:
    site, sink = site_with(3), MemorySink()
    asked: list[Mapping[str, str]] = []

    async def fetch(url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]) -> Page:
        asked.append(headers)
        if headers:
            return json_page({}, url, status=304, headers={})
        return json_page({"posts": site.page(url)}, url, headers={"etag": '"1"'})

    crawl(fetch, sink)
    report = crawl(fetch, sink)
    crawl(fetch, sink)
    assert asked[-1] == {"If-None-Match": '"1"'}
    assert report.counts["unchanged"] == 1
    assert report.newest == EPOCH + timedelta(minutes=3)


def test_a_post_behind_a_link_is_asked_for_again_until_it_can_be_read() -> None:
    site, sink, faults = site_with(4), MemorySink(), {"/posts/4": 1, "/posts/2": 2}

    async def fetch(url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]) -> Page:
        page = await site(url, headers=headers, hint=hint)
        path = url.removeprefix("https://list.example")
        if headers:
            return json_page({}, url, status=304, headers={})
        if faults.get(path, 0) > 0:
            faults[path] -= 1
            raise PageError("HTTP 400")
        return replace(page, headers={**page.headers, "etag": '"1"'})

    report = crawl(fetch, sink, spider=link_spider())
    assert (set(sink.posts), report.counts["rejected"]) == ({"1", "3"}, 2)
    assert sink.bookmarks, "the others are not held up"
    site.asked.clear()
    report = crawl(fetch, sink, spider=link_spider())
    assert (set(sink.posts), report.counts["rejected"]) == ({"1", "3", "4"}, 1)
    assert "https://list.example/posts/3" not in site.asked
    report = crawl(fetch, sink, spider=link_spider())
    assert (set(sink.posts), report.complaints) == ({"1", "2", "3", "4"}, [])
    crawl(fetch, sink, spider=link_spider())
    assert crawl(fetch, sink, spider=link_spider()).counts["unchanged"] == 1


class _CrashError(Exception):
    """The process dies here."""


def failing(site: ListSite, *, after: int, error: Exception) -> Fetch:
    """The site, until it has answered so many times; then the error."""
    answered = 0

    async def fetch(url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]) -> Page:
        nonlocal answered
        answered += 1
        if answered > after:
            raise error
        return await site(url, headers=headers, hint=hint)

    return fetch


@settings(max_examples=150)
@given(
    size=st.integers(1, 4),
    undated=st.booleans(),
    crawls=st.lists(
        st.tuples(
            st.integers(0, 9),  # posts published before the crawl
            st.integers(0, 12),  # answers until it dies; 12 is more than most crawls need
            st.sets(st.integers(1, 12), max_size=3),  # answers during which a post is published
        ),
        max_size=6,
    ),
)
def test_no_post_is_lost_whenever_a_crawl_dies(
    size: int, undated: bool, crawls: list[tuple[int, int, set[int]]]
) -> None:
    site, sink = ListSite(size=size, undated=undated), MemorySink()
    number = 0

    def publish() -> None:
        nonlocal number
        number += 1
        site.publish(number)

    for before, dies_after, during in crawls:
        for _ in range(before):
            publish()
        _crawl_until(site, sink, dies_after, during, publish)
    crawl(site, sink)
    assert set(sink.posts) == {str(n) for n in range(1, number + 1)}


def _crawl_until(
    site: ListSite, sink: MemorySink, dies_after: int, during: set[int], publish: Any
) -> None:
    answered = 0

    async def fetch(url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]) -> Page:
        nonlocal answered
        answered += 1
        if answered > dies_after:
            raise _CrashError
        page = await site(url, headers=headers, hint=hint)
        if answered in during:
            publish()
        return page

    with suppress(_CrashError):
        crawl(fetch, sink)
