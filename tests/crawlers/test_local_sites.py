"""Every spider against the sites of ``molva dev site``: what goes in comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from molva.dev.site.faults import Faults
from molva.dev.site.options import Before, Listing, Markup, Scale, SiteKind, SiteOptions
from molva.dev.site.server import Site
from tests.crawlers.command import Molva

Make = Callable[..., Molva]
NOW = datetime.now(UTC).replace(microsecond=0)
LIST = {SiteKind.FEED: "/feed.xml", SiteKind.SCHEMA_ORG: "/reviews/", SiteKind.DISCOURSE: ""}


def posts(count: int) -> list[dict[str, Any]]:
    return [
        {
            "native_id": f"n-{number:03}",
            "text": f"Ромашка & «доставка», случай {number}.\n\nВторая часть\nв две строки 🌼.",
            "title": f"Случай {number}",
            "author_name": f"Вера {number % 5}",
            "author_id": f"vera{number % 5}",
            "rating": (number % 5) / 4,
            "published_at": (NOW - timedelta(minutes=number)).isoformat(),
        }
        for number in range(count)
    ]


def crawl(command: Molva) -> list[dict[str, Any]]:
    ended = command("crawl", "it", "--out", "out.jsonl", "--json")
    assert ended.code == 0, ended.err
    lines = (command.folder / "out.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def told(post: dict[str, Any]) -> tuple[Any, ...]:
    published = datetime.fromisoformat(post["published_at"]).replace(microsecond=0)
    return post["text"], post["title"], post["author_name"], published


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SiteKind.FEED, {}),
        (SiteKind.FEED, {"encoding": "windows-1251"}),
        (SiteKind.SCHEMA_ORG, {"markup": Markup.JSONLD}),
        (SiteKind.SCHEMA_ORG, {"markup": Markup.MICRODATA, "scale": Scale.TEN}),
        (SiteKind.SCHEMA_ORG, {"markup": Markup.ALTERNATE, "scale": Scale.BARE}),
        (SiteKind.SCHEMA_ORG, {"markup": Markup.JSONLD, "listing": Listing.TEASER}),
        (SiteKind.DISCOURSE, {}),
        (SiteKind.DISCOURSE, {"before": Before.WINDOW}),
    ],
    ids=str,
)
def test_what_a_site_publishes_is_what_is_read(
    molva: Make, kind: SiteKind, options: dict[str, Any]
) -> None:
    written = posts(23)
    with Site(written, kind, options=SiteOptions(page_size=5, **options)) as site:
        read = crawl(molva(kind.value, f"{site.url}{LIST[kind]}"))
    assert {told(post) for post in read} == {told(post) for post in written}
    assert len(read) == len(written)
    if kind is SiteKind.SCHEMA_ORG:
        ratings = {post["title"]: post["rating"] for post in read}
        assert ratings == {post["title"]: pytest.approx(post["rating"]) for post in written}


@pytest.mark.parametrize("kind", list(SiteKind))
def test_broken_markup_costs_no_words(molva: Make, kind: SiteKind) -> None:
    with Site(posts(12), kind, options=SiteOptions(broken_html=True)) as site:
        read = crawl(molva(kind.value, f"{site.url}{LIST[kind]}"))
    assert len(read) == 12
    for post in read:
        assert {"Ромашка", "&", "«доставка»,"} <= set(post["text"].split())
        assert "<" not in post["text"]


def test_a_list_that_only_links_is_followed_by_a_pattern(molva: Make) -> None:
    options = SiteOptions(page_size=4, markup=Markup.MICRODATA, listing=Listing.TEASER)
    with Site(posts(9), SiteKind.SCHEMA_ORG, options=options) as site:
        read = crawl(molva("schema_org", f"{site.url}/reviews/", links=r"/review/[^/]+$"))
    assert len(read) == 9


def test_a_review_has_one_identity_on_the_list_and_on_its_own_page(molva: Make) -> None:
    options = SiteOptions(markup=Markup.ALTERNATE)
    with Site(posts(6), SiteKind.SCHEMA_ORG, options=options) as site:
        on_list = crawl(molva("schema_org", f"{site.url}/reviews/"))
        on_pages = crawl(molva("schema_org", f"{site.url}/reviews/", links=r"/review/[^/]+$"))
    assert {p["native_id"] for p in on_list} == {p["native_id"] for p in on_pages}
    assert {told(p) for p in on_list} == {told(p) for p in on_pages}


def test_a_forum_with_long_deleted_stretches_is_read_to_the_ground(molva: Make) -> None:
    written = [post | {"native_id": str(7 + 150 * at)} for at, post in enumerate(posts(4))]
    with Site(written, SiteKind.DISCOURSE, options=SiteOptions(before=Before.WINDOW)) as site:
        read = crawl(molva("discourse", site.url))
    assert len(read) == 4


def test_a_forum_is_searched_by_words(molva: Make) -> None:
    written = posts(12)
    for post in written[::2]:
        post["text"] = "Совсем о другом"
        post["title"] = "Другое"
    with Site(written, SiteKind.DISCOURSE, options=SiteOptions(page_size=4)) as site:
        read = crawl(molva("discourse", site.url, queries=["ромашка"]))
    assert len(read) == 6
    assert {told(post) for post in read} == {told(post) for post in written[1::2]}


@pytest.mark.parametrize("kind", list(SiteKind))
def test_one_post_is_found_again(molva: Make, kind: SiteKind) -> None:
    with Site(posts(12), kind, options=SiteOptions(page_size=4)) as site:
        command = molva(kind.value, f"{site.url}{LIST[kind]}")
        chosen = crawl(command)[7]
        ended = command("crawl", "it", "--url", chosen["url"], "--out", "one.jsonl", "--json")
    assert ended.code == 0, ended.err
    [again] = (command.folder / "one.jsonl").read_text(encoding="utf-8").splitlines()
    once, twice = ({**p, "fetched_at": None} for p in (chosen, json.loads(again)))
    assert once == twice


@pytest.mark.parametrize("style", ["image", "checkbox", "interstitial"])
@pytest.mark.parametrize("kind", list(SiteKind))
def test_a_captcha_is_a_block(molva: Make, kind: SiteKind, style: str) -> None:
    faults = Faults.model_validate({"answers": [{"path": "/*", "do": "captcha", "style": style}]})
    with Site(posts(3), kind, faults=faults) as site:
        ended = molva(kind.value, f"{site.url}{LIST[kind]}")("crawl", "it", "--dry-run", "--json")
    assert (ended.code, ended.counts["verdict"]) == (4, "blocked")


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", list(SiteKind))
def test_an_answer_that_breaks_off_is_rejected(molva: Make, kind: SiteKind, chunked: bool) -> None:
    cut = {"path": "/*", "do": "cut", "at": 0.6, "chunked": chunked}
    robots = {"path": "/robots.txt", "do": "status", "status": 404}
    faults = Faults.model_validate({"answers": [robots, cut]})
    with Site(posts(30), kind, faults=faults) as site:
        command = molva(kind.value, f"{site.url}{LIST[kind]}")
        ended = command("crawl", "it", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    assert ended.counts["rejected"] >= 1
    assert ended.counts["unfinished"] == 1


@pytest.mark.parametrize("do", ["malformed", "empty"])
@pytest.mark.parametrize("kind", list(SiteKind))
def test_a_page_that_is_none_is_rejected_and_the_verdict_red(
    molva: Make, kind: SiteKind, do: str
) -> None:
    robots = {"path": "/robots.txt", "do": "status", "status": 404}
    faults = Faults.model_validate({"answers": [robots, {"path": "/*", "do": do}]})
    options = SiteOptions(markup=Markup.JSONLD)
    with Site(posts(3), kind, faults=faults, options=options) as site:
        command = molva(kind.value, f"{site.url}{LIST[kind]}")
        ended = command("crawl", "it", "--dry-run", "--json")
    assert (ended.code, ended.counts["verdict"]) == (0, "red"), (ended.out, ended.err)


def test_a_post_that_is_listed_twice_is_stored_once(molva: Make) -> None:
    faults = Faults.model_validate({"posts": {"n-001": {"twice": True}}})
    with Site(posts(8), SiteKind.FEED, faults=faults) as site:
        assert len(crawl(molva("feed", f"{site.url}/feed.xml"))) == 8


def test_a_long_post_is_read_whole(molva: Make, tmp_path: Path) -> None:
    long = "Ромашка! " + "Очень долгая история. " * 5_000
    with Site([{**posts(1)[0], "text": long}], SiteKind.FEED) as site:
        [post] = crawl(molva("feed", f"{site.url}/feed.xml"))
    assert post["text"] == long.strip()
