"""A local site keeps the manners of a real server."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Iterator

import httpx
import pytest

from mentions.errors import ConfigError
from molva.dev.site.faults import Faults
from molva.dev.site.options import SiteKind, SiteOptions
from molva.dev.site.server import Site

LINES = [
    {
        "id": f"p{n}",
        "text": f"Отзыв номер {n} " + "о том о сём " * 20,
        "published_at": 1_790_000_000 + n,
    }
    for n in range(30)
]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(LINES, SiteKind.FEED) as site:
        yield site


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url) as client:
        yield client


@pytest.mark.parametrize(
    "validator", [("etag", "if-none-match"), ("last-modified", "if-modified-since")]
)
def test_a_reader_that_has_it_gets_304(client: httpx.Client, validator: tuple[str, str]) -> None:
    given, asked = validator
    first = client.get("/feed.xml")
    second = client.get("/feed.xml", headers={asked: first.headers[given]})
    assert (second.status_code, second.content) == (304, b"")


def test_an_edit_changes_the_validator() -> None:
    edit = {"text": "исправлено", "after_reads": 1}
    faults = Faults.model_validate({"posts": {"p29": {"versions": [edit]}}})
    with Site(LINES, SiteKind.FEED, faults=faults) as site:
        first = httpx.get(f"{site.url}/feed.xml")
        again = httpx.get(f"{site.url}/feed.xml", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    assert "исправлено" in again.text


def test_a_304_is_no_read() -> None:
    edit = {"text": "исправлено", "after_reads": 2}
    faults = Faults.model_validate({"posts": {"p29": {"versions": [edit]}}})
    with Site(LINES, SiteKind.FEED, faults=faults) as site:
        known = {"if-none-match": httpx.get(f"{site.url}/feed.xml").headers["etag"]}
        statuses = [httpx.get(f"{site.url}/feed.xml", headers=known).status_code for _ in range(3)]
    assert statuses == [304, 304, 304]


def test_long_answers_are_packed_for_those_who_can_unpack(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port)
    connection.request("GET", "/feed.xml", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    packed = answer.read()
    connection.request("GET", "/feed.xml")  # on the same connection: it is kept alive
    plain = connection.getresponse().read()
    connection.close()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


def test_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    answer = client.head("/feed.xml")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


def test_every_kind_has_robots_txt() -> None:
    for kind in SiteKind:
        with Site(LINES, kind) as site:
            answer = httpx.get(f"{site.url}/robots.txt")
        assert answer.status_code == 200
        assert "User-agent: *" in answer.text


def test_robots_txt_can_be_given() -> None:
    with Site(LINES, SiteKind.FEED, faults=Faults(robots="User-agent: *\nDisallow: /")) as site:
        assert "Disallow: /\n" in httpx.get(f"{site.url}/robots.txt").text


@pytest.mark.parametrize(
    "path", ["/nothing", "/posts/none", "/feed.xml?paged=99", "/feed.xml?paged=x"]
)
def test_what_is_not_there_is_404(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_visits_are_remembered(site: Site, client: httpx.Client) -> None:
    client.get("/feed.xml?paged=2", headers={"user-agent": "Reader/1"})
    visit = site.visits[-1]
    assert (visit.target, visit.status, visit.agent) == ("/feed.xml?paged=2", 200, "Reader/1")


def test_a_taken_port_names_the_cure(site: Site) -> None:
    with pytest.raises(ConfigError, match="choose another"):
        Site(LINES, SiteKind.FEED, port=site.port)


def test_too_fast_a_reader_is_told_to_wait() -> None:
    with Site(LINES, SiteKind.FEED, options=SiteOptions(max_per_minute=2)) as site:
        answers = [httpx.get(f"{site.url}/feed.xml") for _ in range(3)]
        assert httpx.get(f"{site.url}/robots.txt").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
