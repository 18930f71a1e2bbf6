"""A local forum answers as a Discourse does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from molva.dev.site.faults import Faults
from molva.dev.site.options import Before, SiteKind, SiteOptions
from molva.dev.site.server import Site

LINES: list[dict[str, Any]] = [
    {
        "id": str(100 + n),
        "title": f"Тема {n // 30}",
        "text": f"Сообщение {n}: связь пропала, <b>помогите</b> & 👍",
        "author_name": f"Имя {n % 7}",
        "author_id": f"user{n % 7}",
        "reach": 3,
        "reply_to": str(99 + n) if n % 30 else None,
        "published_at": f"2026-04-{n // 10 + 1:02}T{n % 10:02}:00:00Z",
    }
    for n in range(120)
]


@contextmanager
def forum(lines: list[dict[str, Any]] = LINES, **given: Any) -> Iterator[httpx.Client]:
    site = Site(lines, SiteKind.DISCOURSE, **given)
    with site, httpx.Client(base_url=site.url) as client:
        yield client


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with forum() as client:
        yield client


def firehose(client: httpx.Client, before: int | None = None) -> list[dict[str, Any]]:
    query = {"before": before} if before else {}
    posts: list[dict[str, Any]] = client.get("/posts.json", params=query).json()["latest_posts"]
    return posts


def test_the_firehose_goes_down_by_id_to_the_first(client: httpx.Client) -> None:
    seen: list[int] = []
    while page := firehose(client, seen[-1] if seen else None):
        seen += [post["id"] for post in page]
        assert len(page) <= 50
    assert seen == list(range(219, 99, -1))


def test_a_post_has_the_fields_of_the_firehose(client: httpx.Client) -> None:
    post = firehose(client)[0]
    assert post["created_at"] == "2026-04-12T09:00:00.000Z"
    assert (post["username"], post["name"]) == ("user0", "Имя 0")
    assert post["raw"] == LINES[-1]["text"]
    assert post["cooked"].startswith("<p>Сообщение 119: связь пропала, &lt;b&gt;помогите")
    assert (post["post_number"], post["reply_to_post_number"]) == (30, 29)
    assert (post["topic_id"], post["topic_title"], post["version"]) == (4, "Тема 3", 1)
    assert post["post_url"] == f"/t/{post['topic_slug']}/4/30"
    assert client.get(post["post_url"]).status_code == 200


def test_the_old_firehose_is_a_window_of_ids() -> None:
    gappy = [{**line, "id": str(int(line["id"]) * 10), "reply_to": None} for line in LINES[:20]]
    options = SiteOptions(before=Before.WINDOW, page_size=50)
    with forum(gappy, options=options) as client:
        pages = [[post["id"] for post in firehose(client, at)] for at in (1190, 1140, 2000)]
    assert pages == [[1190, 1180, 1170, 1160, 1150], [1140, 1130, 1120, 1110, 1100], []]


def test_search_pages_through_what_it_finds(client: httpx.Client) -> None:
    query = "сообщение связь order:latest after:2026-04-03"
    pages = [client.get("/search.json", params={"q": query, "page": n}).json() for n in (1, 2, 3)]
    ids = [post["id"] for page in pages for post in page["posts"]]
    assert ids == list(range(219, 119, -1))
    more = [page["grouped_search_result"]["more_full_page_results"] for page in pages]
    assert more == [True, None, None]
    assert pages[0]["posts"][0]["blurb"].startswith("Сообщение 119")
    assert {topic["id"] for topic in pages[0]["topics"]} == {3, 4}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"сообщение 11:"', 1),
        ("@user3 связь", 17),
        ("нет_такого_слова", 0),
        ("связь before:2026-04-02", 10),
    ],
)
def test_search_understands_phrases_authors_and_dates(
    client: httpx.Client, query: str, found: int
) -> None:
    answer = client.get("/search.json", params={"q": f"{query} order:latest"}).json()
    assert len(answer["posts"]) == found


@pytest.mark.parametrize("query", [{"q": "ок"}, {"q": "связь", "page": "11"}, {}])
def test_search_refuses_as_discourse_does(client: httpx.Client, query: dict[str, str]) -> None:
    answer = client.get("/search.json", params=query)
    assert answer.status_code == 400
    assert answer.json()["error_type"] == "invalid_parameters"


def test_a_topic_comes_in_two_helpings(client: httpx.Client) -> None:
    topic = client.get("/t/2.json").json()
    stream = topic["post_stream"]
    assert (len(stream["posts"]), len(stream["stream"])) == (20, 30)
    rest = [("post_ids[]", number) for number in stream["stream"][20:]]
    more = client.get("/t/2/posts.json", params=rest).json()["post_stream"]["posts"]
    assert [post["id"] for post in more] == stream["stream"][20:]


def test_the_list_of_topics_and_single_posts(client: httpx.Client) -> None:
    topics = client.get("/latest.json").json()["topic_list"]["topics"]
    assert [topic["title"] for topic in topics] == ["Тема 3", "Тема 2", "Тема 1", "Тема 0"]
    assert client.get("/posts/150.json").json()["raw"] == LINES[50]["text"]
    assert client.get("/posts/by_number/2/21.json").json()["id"] == 150


@pytest.mark.parametrize(
    "path", ["/posts/9.json", "/t/77.json", "/t/77/posts.json", "/posts/by_number/2/99.json"]
)
def test_what_is_not_there_is_404_in_its_words(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error_type"] == "not_found"


def test_a_deleted_post_is_gone_everywhere() -> None:
    faults = Faults.model_validate({"posts": {"219": {"gone_after_reads": 0}}})
    with forum(LINES, faults=faults) as client:
        assert firehose(client)[0]["id"] == 218
        assert client.get("/posts/219.json").status_code == 404
        assert 219 not in client.get("/t/4.json").json()["post_stream"]["stream"]


def test_an_edited_post_counts_its_versions() -> None:
    edit = {"text": "уже помогли", "after_reads": 1}
    faults = Faults.model_validate({"posts": {"219": {"versions": [edit]}}})
    with forum(LINES, faults=faults) as client:
        first, second = firehose(client)[0], firehose(client)[0]
    assert (first["version"], second["version"]) == (1, 2)
    assert second["raw"] == "уже помогли"
    assert second["updated_at"] > second["created_at"]


def test_too_fast_a_reader_gets_discourse_s_words() -> None:
    with Site(LINES, SiteKind.DISCOURSE, options=SiteOptions(max_per_minute=1)) as site:
        httpx.get(f"{site.url}/posts.json")
        answer = httpx.get(f"{site.url}/posts.json")
    assert answer.status_code == 429
    error = answer.json()
    assert error["error_type"] == "rate_limit"
    assert error["extras"]["wait_seconds"] == int(answer.headers["retry-after"])


def test_the_rss_of_posts_reads_well() -> None:
    with Site(LINES, SiteKind.DISCOURSE) as site, urlopen(f"{site.url}/posts.rss") as answer:
        feed = feedparser.parse(answer.read())
    assert not feed.bozo
    assert (len(feed.entries), feed.entries[0].title, feed.entries[0].author) == (
        50,
        "Тема 3",
        "user0",
    )


def test_authors_that_a_file_does_not_name_are_guests() -> None:
    with forum([{"id": "a", "text": "кто я"}]) as client:
        post = firehose(client)[0]
    assert (post["id"], post["username"], post["created_at"]) == (1, "guest1", None)
