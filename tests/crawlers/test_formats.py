"""Feeds, structured data and forums in the forms in which they really come."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.base import PostSpider, Reading
from crawlers.catalogue import spider_class
from crawlers.page import Page
from mentions.errors import ConfigError

NOW = datetime(2026, 5, 22, tzinfo=UTC)
URL = "https://example.org/list"


def spider(name: str, **params: Any) -> PostSpider:
    kind = spider_class(name)
    return kind("source", kind.Params.model_validate({"url": URL, **params}))


def page(body: str | dict[str, Any], url: str = URL, **changed: Any) -> Page:
    text, kind = (body, "text/html") if isinstance(body, str) else (json.dumps(body), "a/json")
    facts: dict[str, Any] = {"headers": {"content-type": f"{kind}; charset=utf-8"}, **changed}
    return Page(url, text.encode(), NOW, **facts)


def read(name: str, body: str | dict[str, Any], **changed: Any) -> Reading:
    made = spider(name)
    return made.read(page(body, **changed), made.site(URL))


def feed(items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel>{items}</channel></rss>'


FORUM_POST = {
    "id": 7,
    "post_number": 1,
    "post_url": "/t/x/1/1",
    "username": "vera",
    "created_at": "2026-05-21",
    "raw": "не везут",
    "reads": "9" * 400,
}
ITEM = "<item><guid isPermaLink='false'>1</guid><link>/1</link><title>{}</title></item>"


def test_entities_that_multiply_stay_what_they_are() -> None:
    layers = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = feed(ITEM.format("бум &a11;"), f'<!DOCTYPE x [<!ENTITY a0 "ха">{layers}]>')
    start = time.monotonic()
    [post] = read("feed", bomb).posts
    assert time.monotonic() - start < 2
    assert len(post.text) < 100


def test_comments_below_a_feed_that_breaks_off_cost_no_time() -> None:
    start = time.monotonic()
    reading = read("feed", feed(ITEM.format("бум")) + "<!---->" * 22 + "x")
    assert time.monotonic() - start < 2
    assert reading.fault == "the feed breaks off"


def test_files_of_this_machine_are_not_read_into_posts() -> None:
    doctype = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    [post] = read("feed", feed(ITEM.format("вот: &f;"), doctype)).posts
    assert post.text == "вот: &f;"


def test_an_address_as_a_feed_is_no_address_to_open() -> None:
    assert read("feed", "file:///etc/passwd").fault == "not a feed"


def test_names_of_characters_that_xml_does_not_know_are_no_fault() -> None:
    reading = read("feed", feed(ITEM.format("до&nbsp;после&hellip;")))
    assert reading.fault is None
    assert reading.posts[0].text == "до после…"


def test_a_feed_that_breaks_the_rules_is_read_and_told() -> None:
    reading = read("feed", feed(ITEM.format("a & b < c") + ITEM.format("d").replace("1", "2")))
    assert len(reading.posts) == 2
    assert (reading.fault, reading.whole) == ("not well-formed XML", True)


def test_a_feed_that_moves_keeps_its_ids() -> None:
    old, new = (
        read("feed", feed(ITEM.format("x")), url=url) for url in (URL, "https://new.example/")
    )
    assert old.posts[0].native_id == new.posts[0].native_id == "1"
    assert old.posts[0].site == new.posts[0].site


def test_an_id_longer_than_an_index_takes_becomes_its_hash() -> None:
    long = ITEM.replace(">1<", f">{'CBMi' * 300}<").format("x")
    [post] = read("feed", feed(long)).posts
    assert len(post.native_id) == 64


@pytest.mark.parametrize(
    ("reviews", "count"),
    [
        ({"@type": "Review", "reviewBody": "Один, и без скобок"}, 1),
        ([{"@type": "Review", "reviewBody": "a"}, {"@type": "Review", "reviewBody": "b"}], 2),
        ({"@type": "Product", "review": {"@type": "UserReview", "reviewBody": "a"}}, 1),
        ({"@graph": [{"@type": "http://schema.org/Review", "reviewBody": "a"}]}, 1),
        (
            {"@type": "Product", "aggregateRating": {"@type": "AggregateRating", "ratingValue": 4}},
            0,
        ),
        ({"@type": "Review", "reviewRating": {"ratingValue": 5}}, 0),
    ],
)
def test_reviews_are_found_wherever_they_stand(reviews: Any, count: int) -> None:
    script = f'<script type="application/ld+json">{json.dumps(reviews)}</script>'
    assert len(read("schema_org", f"<html>{script}</html>").posts) == count


def test_a_script_nested_without_end_is_no_page_of_reviews() -> None:
    script = f'<script type="application/ld+json">{"[" * 50_000}</script>'
    assert read("schema_org", f"<html>{script}</html>").fault == "JSON-LD that does not parse"


def test_a_place_on_the_page_is_no_identity() -> None:
    def ids(*bodies: str) -> dict[str, str]:
        reviews = [
            {"@type": "Review", "@id": f"{URL}#review-{n}", "author": b, "reviewBody": b}
            for n, b in enumerate(bodies, 1)
        ]
        script = f'<script type="application/ld+json">{json.dumps(reviews)}</script>'
        return {p.text: p.native_id for p in read("schema_org", f"<html>{script}</html>").posts}

    before, after = ids("старый"), ids("новый", "старый")
    assert before["старый"] == after["старый"]
    assert after["новый"] != after["старый"]


@pytest.mark.parametrize("bad", ["http://[url]", "https://h:99999/", "httpx://h/", "//h]/"])
def test_what_is_no_address_costs_itself_and_not_the_page(bad: str) -> None:
    links = f'<a href="{bad}?review_1">a</a><a href="/review_2">b</a>'
    made = spider("schema_org", links="review_")
    reading = made.read(page(f"<html>{links}</html>"), "s")
    assert ([link.url for link in reading.links], reading.fault) == (
        ["https://example.org/review_2"],
        None,
    )
    declared = {"@type": "ItemList", "itemListElement": [{"url": bad}, {"url": "/review_2"}]}
    script = f'<script type="application/ld+json">{json.dumps(declared)}</script>'
    assert [link.url for link in read("schema_org", f"<html>{script}</html>").links] == [
        "https://example.org/review_2"
    ]
    reviews = [{"@type": "Review", "url": url, "reviewBody": url} for url in (bad, "/review_2")]
    script = f'<script type="application/ld+json">{json.dumps(reviews)}</script>'
    assert "/review_2" in [post.text for post in read("schema_org", script).posts]


def test_pages_are_counted_where_a_site_names_no_next_one() -> None:
    made = spider("schema_org", page_param="page", first_page=0)
    body = '<script type="application/ld+json">{"@type": "Review", "reviewBody": "a"}</script>'
    first = page(f"<html>{body}</html>", f"{URL}?sort=new")
    assert made.next_url(first, made.read(first, "s")) == f"{URL}?sort=new&page=1"
    beyond = page("<html></html>", f"{URL}?sort=new&page=9")
    reading = made.read(beyond, "s")
    assert reading.fault is None, "past the last page there are no reviews, and that is no fault"
    assert made.next_url(beyond, reading) is None


@pytest.mark.parametrize(
    ("ids", "asked", "older"),
    [
        ([9, 8, 7], None, 7),
        ([9, 8, 7], 10, 7),
        ([7], 7, 7 + 50 - 100),  # an old engine's window with nothing in it: end at the ground
        ([150], 150, 100),  # the same, with ids still to come below
        ([], 150, 100),
        ([1], None, None),
        ([], None, None),
    ],
)
def test_a_forum_is_paged_on_old_engines_and_new(
    ids: list[int], asked: int | None, older: int | None
) -> None:
    made = spider("discourse")
    url = f"{URL}/posts.json" + (f"?before={asked}" if asked else "")
    shown = page({"latest_posts": [{"id": number} for number in ids]}, url)
    expected = f"{URL}/posts.json?before={older}" if older and older > 1 else None
    assert made.next_url(shown, made.read(shown, "s")) == expected


def test_a_search_ends_where_the_engine_refuses_to_go_on() -> None:
    made = spider("discourse", queries=["ромашка"])
    answer = {"posts": [], "topics": [], "grouped_search_result": {"more_full_page_results": True}}
    nine, ten = (page(answer, f"{URL}/search.json?q=x&page={n}") for n in (9, 10))
    assert str(made.next_url(nine, made.read(nine, "s"))).endswith("page=10")
    assert made.next_url(ten, made.read(ten, "s")) is None


@pytest.mark.parametrize("number", ["1e999", "9" * 600, "9" * 400, "0"])
def test_an_id_that_no_forum_counts_to_costs_its_post_only(number: str) -> None:
    rows = f'{{"post_number": 1, "id": {number}}}, {json.dumps(FORUM_POST)}'
    made = spider("discourse")
    reading = made.read(page(f'{{"latest_posts": [{rows}]}}'), "s")
    assert [made.position(post) for post in reading.posts] == [7]
    assert len(reading.rejected) == 1


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/t/slug/88/3", "/t/88/3.json"),
        ("/t/88/3?u=vera", "/t/88/3.json"),
        ("/t/slug/88", "/t/88/1.json"),
        ("/t/2026/88/3", None),
        ("/u/vera", None),
    ],
)
def test_a_post_of_a_forum_is_found_by_its_address(address: str, asked: str | None) -> None:
    made = spider("discourse")
    if asked is None:
        with pytest.raises(ConfigError):
            list(made.single(f"{URL}{address}"))
    else:
        assert next(iter(made.single(f"{URL}{address}"))).url == f"{URL}{asked}"


def test_a_post_of_another_site_is_refused() -> None:
    with pytest.raises(ConfigError, match="not on a site"):
        list(spider("schema_org").single("https://elsewhere.example/review/1"))
