"""The demo's posts are valid, varied, and served as their sites promise."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.request import urlopen

import extruct  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from mentions.matching import Matcher
from mentions.model import DateFlag, Intent, Post, Sentiment, Topic, Urgency
from mentions.settings import Watch
from molva.demo.sites import EXPECTED, GOOD, IN_TROUBLE, SITES, DemoSite, demo_watch

NEWS, FORUM, REVIEWS = GOOD
BLOG, WALL = IN_TROUBLE


@cache
def posts(site: DemoSite) -> tuple[Post, ...]:
    lines = site.posts.read_text(encoding="utf-8").splitlines()
    return tuple(Post.model_validate_json(line) for line in lines)


def good_posts() -> list[Post]:
    return [post for site in GOOD for post in posts(site)]


@cache
def expected() -> dict[tuple[str, str], dict[str, Any]]:
    rows = map(json.loads, EXPECTED.read_text(encoding="utf-8").splitlines())
    return {(row["source"], row["native_id"]): row for row in rows}


def watch() -> Watch:
    ports = {site.name: 4_000 + at for at, site in enumerate(SITES)}
    return Watch.model_validate(tomllib.loads(demo_watch(ports)))


def texts() -> str:
    return "\n".join(f"{post.author_name} {post.title} {post.text}" for post in good_posts())


def test_there_are_enough_of_them_on_three_sites() -> None:
    assert len(good_posts()) >= 150
    assert all(len(posts(site)) >= 40 for site in GOOD)


def test_ids_and_sources_are_what_they_say() -> None:
    for site in SITES:
        assert {post.source for post in posts(site)} == {site.name}
        assert len({post.post_id for post in posts(site)}) == len(posts(site))
        assert all(post.site.startswith(f"{site.kind}:") for post in posts(site))


def test_replies_answer_posts_that_are_there() -> None:
    known = {post.native_id for post in posts(FORUM)}
    assert all(post.reply_to in known for post in posts(FORUM) if post.reply_to)


def test_every_post_has_been_judged_by_a_reader() -> None:
    assert set(expected()) == {(p.source, p.native_id) for site in SITES for p in posts(site)}


@pytest.mark.parametrize(
    ("field", "labels"),
    [
        ("sentiment", Sentiment),
        ("urgency", Urgency),
        ("intent", Intent),
        ("topic", Topic),
        ("language", ("ru", "en", "other", "none")),
    ],
)
def test_every_label_occurs(field: str, labels: Any) -> None:
    found = {row[field] for row in expected().values()}
    assert found == {str(label) for label in labels}


def test_most_posts_are_calm() -> None:
    of = Counter(expected()[post.source, post.native_id]["urgency"] for post in good_posts())
    total = len(good_posts())
    assert of["low"] > of["normal"] > of["high"] > of["critical"] >= 5
    assert of["critical"] < 0.1 * total
    assert of["low"] + of["normal"] > 0.7 * total


def test_the_brands_are_found_where_a_reader_finds_them() -> None:
    matcher = Matcher(watch().brands)
    for site in SITES:
        for post in posts(site):
            wanted = tuple(expected()[post.source, post.native_id]["brands"])
            assert matcher.match(post.text, post.title) == wanted, post.native_id


def test_some_posts_are_about_no_brand_though_the_word_is_there() -> None:
    nobody = [p for p in good_posts() if not expected()[p.source, p.native_id]["brands"]]
    assert len(nobody) >= 20
    assert sum("ромашк" in f"{post.title} {post.text}".lower() for post in nobody) >= 5


@pytest.mark.parametrize(
    "piece",
    [
        "<!channel>", "<@U", "&lt;!here&gt;", "javascript:", "*жирно*", "<script>", "@romashka_app",
        "#РомашкаПэй", "Romashka", "ромашкой", "Ромашку", "\u202e", "\u200b", "👨‍👩‍👧‍👦", "🖼",
    ],
)  # fmt: skip
def test_what_must_be_survived_is_there(piece: str) -> None:
    assert piece in texts()


def test_one_post_is_as_long_as_a_book() -> None:
    longest = max(len(post.text.encode()) for post in good_posts())
    assert 100_000 <= longest < 200_000


def test_a_text_is_posted_again_by_another_author() -> None:
    by_text = Counter(post.text for post in good_posts())
    repeated = [text for text, times in by_text.items() if times > 1]
    assert len(repeated) >= 2
    for text in repeated:
        authors = {post.author_id for post in good_posts() if post.text == text}
        assert len(authors) == 2


def test_every_kind_of_missing_date_occurs() -> None:
    assert {post.date_flag for post in good_posts()} == {None, *DateFlag}


def test_watch_toml_names_every_site() -> None:
    assert set(watch().sources) == {site.name for site in SITES}
    assert all(source.allow_private for source in watch().sources.values())
    assert set(watch().brands) == {"romashka", "shustrik"}


def feed_entries(url: str) -> Iterator[Any]:
    address: str | None = url
    while address:
        with urlopen(address) as answer:
            feed = feedparser.parse(answer.read())
        yield from feed.entries
        address = next((link.href for link in feed.feed.links if link.rel == "next"), None)


def test_the_news_are_read_whole_in_windows_1251() -> None:
    with NEWS.open() as site:
        assert httpx.head(f"{site.url}/feed.xml").headers["content-type"].endswith("windows-1251")
        listed = [entry.id for entry in feed_entries(f"{site.url}/feed.xml")]
        again = [entry.id for entry in feed_entries(f"{site.url}/feed.xml")]
    assert set(again) == {post.native_id for post in posts(NEWS)}
    assert len(set(again) - set(listed)) == 1  # published while the first reader turned pages
    assert max(Counter(again).values()) == 2  # listed twice


def test_the_forum_is_read_whole() -> None:
    seen: list[dict[str, Any]] = []
    with FORUM.open() as site, httpx.Client(base_url=site.url) as client:
        while True:
            query = {"before": seen[-1]["id"]} if seen else {}
            page = client.get("/posts.json", params=query).json()["latest_posts"]
            if not page:
                break
            seen += page
        edited = client.get("/posts.json").json()["latest_posts"]
    assert [str(post["id"]) for post in seen] == [p.native_id for p in reversed(posts(FORUM))]
    by_id = {post.native_id: post for post in posts(FORUM)}
    for post in seen:
        written = by_id[str(post["id"])]
        assert post["topic_title"] == written.title
        assert post["raw"] == written.text or (written.text, "<img" in post["raw"]) == ("🖼", True)
    assert sum(post["version"] == 2 for post in edited) == 2
    assert {post["id"] for post in seen[:50]} - {post["id"] for post in edited}  # one is deleted


def test_the_reviews_are_read_whole() -> None:
    bodies: list[str] = []
    with REVIEWS.open() as site:
        for number in (1, 2, 3):
            url = f"{site.url}/reviews/?page={number}"
            data = extruct.extract(
                httpx.get(url).text, base_url=url, syntaxes=["json-ld", "microdata"], uniform=True
            )
            things = [thing for part in data.values() for thing in part]
            things += [thing for whole in things for thing in whole.get("@graph", [])]
            bodies += [t["reviewBody"] for t in things if t.get("@type") == "Review"]
    assert len(bodies) == len(posts(REVIEWS))
    words = [re.sub(r"\W+", "", body) for body in bodies]
    wanted = [re.sub(r"\W+", "", post.text) for post in reversed(posts(REVIEWS))]
    assert sum(body == want for body, want in zip(words, wanted, strict=True)) >= 0.9 * len(words)


def test_the_newest_post_is_minutes_old() -> None:
    with FORUM.open() as site:
        newest = httpx.get(f"{site.url}/posts.json").json()["latest_posts"][0]["created_at"]
    age = datetime.now(UTC) - datetime.fromisoformat(newest)
    assert timedelta(minutes=4) < age < timedelta(minutes=6)


def test_two_sites_are_in_trouble() -> None:
    with BLOG.open() as site, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{site.url}/feed.xml")
    with WALL.open() as site:
        answer = httpx.get(f"{site.url}/reviews/")
    assert answer.status_code == 200
    assert "робот" in answer.text


def test_the_command_line_starts_the_same_site() -> None:
    words = NEWS.words(8_080)
    assert words[:4] == ["dev", "site", "--posts", str(NEWS.posts)]
    assert words[words.index("--encoding") + 1] == "windows-1251"
    assert words[words.index("--title") + 1] == "Зареченские вести"
