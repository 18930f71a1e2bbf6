"""Feed readers that nobody here wrote read the local site's feeds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.request import urlopen

import feedparser  # type: ignore[import-untyped]
import httpx
import lxml.html  # type: ignore[import-untyped]
import pytest

from molva.dev.site.faults import Faults
from molva.dev.site.options import SiteKind, SiteOptions
from molva.dev.site.server import Dates, Site

NASTY = "Цена <b>5</b> & «всё» ]]> <script>alert(1)</script> 👍\u200b"
LINES: list[dict[str, Any]] = [
    {
        "id": f"urn:post:{n}",
        "title": f"Запись {n}",
        "text": f"Первый абзац {n}, https://example.org/a?b=1&c=2.\n\nВторой — {NASTY}",
        "author_name": f"Автор {n}",
        "published_at": f"2026-04-{n + 1:02}T10:00:00Z",
    }
    for n in range(25)
]


def read(url: str) -> Any:
    with urlopen(url) as answer:  # what the reader itself fetches with is its own affair
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return feedparser.parse(answer.read(), response_headers=headers)


def words(html: str) -> str:
    return " ".join(lxml.html.fromstring(f"<div>{html}</div>").text_content().split())


@pytest.mark.parametrize("path", ["feed.xml", "atom.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("broken", [False, True])
def test_a_reader_finds_every_field(path: str, encoding: str, broken: bool) -> None:
    options = SiteOptions(encoding=encoding, broken_html=broken)
    with Site(LINES, SiteKind.FEED, options=options) as site:
        feed = read(f"{site.url}/{path}")
    assert not feed.bozo
    assert feed.encoding.lower() == encoding
    entry = feed.entries[0]
    assert (entry.id, entry.title, entry.author) == ("urn:post:24", "Запись 24", "Автор 24")
    assert entry.published_parsed[:5] == (2026, 4, 25, 10, 0)
    body = entry.content[0].value if "content" in entry else entry.description
    assert words(body).startswith("Первый абзац 24, https://example.org/a?b=1&c=2. Второй — Цена")
    assert "👍" in words(body)


def test_the_guid_is_no_address() -> None:
    with Site(LINES, SiteKind.FEED) as site:
        entry = read(f"{site.url}/feed.xml").entries[0]
    assert entry.link != entry.id
    assert not entry.guidislink


def test_a_reader_can_walk_down_to_the_oldest() -> None:
    seen: list[str] = []
    with Site(LINES, SiteKind.FEED, options=SiteOptions(page_size=10)) as site:
        address: str | None = f"{site.url}/feed.xml"
        while address:
            feed = read(address)
            seen += [entry.id for entry in feed.entries]
            address = next((link.href for link in feed.feed.links if link.rel == "next"), None)
    assert seen == [f"urn:post:{n}" for n in range(24, -1, -1)]


def test_json_feed_says_the_same() -> None:
    with Site(LINES, SiteKind.FEED) as site:
        feed = httpx.get(f"{site.url}/feed.json").json()
        rest = httpx.get(feed["next_url"]).json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [len(feed["items"]), len(rest["items"])] == [20, 5]
    item = feed["items"][0]
    assert (item["id"], item["authors"][0]["name"]) == ("urn:post:24", "Автор 24")
    assert item["date_published"] == "2026-04-25T10:00:00+00:00"
    assert "next_url" not in rest


def test_a_link_opens_the_post() -> None:
    with Site(LINES, SiteKind.FEED) as site:
        answer = httpx.get(read(f"{site.url}/feed.xml").entries[0].link)
    assert answer.status_code == 200
    assert "Первый абзац 24" in answer.text
    assert "<script>alert" not in answer.text


def test_an_item_can_be_listed_twice() -> None:
    faults = Faults.model_validate({"posts": {"urn:post:24": {"twice": True}}})
    with Site(LINES, SiteKind.FEED, faults=faults) as site:
        listed = [entry.id for entry in read(f"{site.url}/feed.xml").entries]
    assert listed.count("urn:post:24") == 2


def test_bogus_dates_are_printed_as_they_are() -> None:
    faults = Faults.model_validate({"posts": {"urn:post:0": {"date": "0000-00-00 00:00:00"}}})
    with Site(LINES[:1], SiteKind.FEED, faults=faults) as site:
        assert "<pubDate>0000-00-00 00:00:00</pubDate>" in httpx.get(f"{site.url}/feed.xml").text


def test_a_post_without_title_author_or_date_is_still_an_item() -> None:
    with Site([{"id": "1", "text": "коротко"}], SiteKind.FEED) as site:
        entry = read(f"{site.url}/feed.xml").entries[0]
        item = httpx.get(f"{site.url}/feed.json").json()["items"][0]
    assert entry.id == "1"
    assert {"title", "author", "published"}.isdisjoint(entry)
    assert {"title", "authors", "date_published"}.isdisjoint(item)


def test_rebased_dates_end_where_they_were_told_to() -> None:
    dates = Dates(newest="2026-05-01T12:00:00Z", span="24h")
    with Site(LINES, SiteKind.FEED, dates=dates) as site:
        newest = json.loads(httpx.get(f"{site.url}/feed.json").content)["items"][0]
    assert datetime.fromisoformat(newest["date_published"]) == datetime(2026, 5, 1, 12, tzinfo=UTC)
