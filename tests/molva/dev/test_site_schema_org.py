"""A reader of structured data that nobody here wrote reads the local site's reviews."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin
from urllib.request import urlopen

import extruct  # type: ignore[import-untyped]
import httpx
import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]
import pytest

from molva.dev.site.options import Listing, Markup, Scale, SiteKind, SiteOptions
from molva.dev.site.server import Site

NASTY = "Хуже </script><script>alert(1)</script> некуда & «никак» 👎"
LINES: list[dict[str, Any]] = [
    {
        "id": f"r/{n}",
        "title": f"Отзыв {n}",
        "text": f"Пишу в {n}-й раз.\n\n{NASTY}",
        "author_name": f"Автор {n}",
        "rating": n % 5 + 1,
        "product": "Вклад",
        "reach": 40 + n,
        "published_at": f"2026-04-{n + 1:02}T10:00:00+03:00",
    }
    for n in range(12)
]


def site(**options: Any) -> Site:
    return Site(LINES, SiteKind.SCHEMA_ORG, options=SiteOptions(page_size=5, **options))


def read(url: str) -> list[dict[str, Any]]:
    """The reviews of a page, whichever syntax they are in."""
    with urlopen(url) as answer:
        data = extruct.extract(
            answer.read(),
            base_url=url,
            encoding=answer.headers.get_content_charset(),
            syntaxes=["json-ld", "microdata"],
            uniform=True,
        )
    found = [thing for part in data.values() for thing in part]
    found += [thing for whole in found for thing in whole.get("@graph", [])]
    return [thing for thing in found if thing.get("@type") == "Review"]


@pytest.mark.parametrize("markup", [Markup.JSONLD, Markup.MICRODATA])
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("path", ["/reviews/", "/review/r%2F11"])
def test_a_reader_finds_every_field(markup: Markup, encoding: str, path: str) -> None:
    with site(markup=markup, encoding=encoding) as running:
        review = read(f"{running.url}{path}")[0]
    assert review["name"] == "Отзыв 11"
    assert review["author"]["name"] == "Автор 11"
    assert review["datePublished"] == "2026-04-12T10:00:00+03:00"
    assert review["reviewRating"]["ratingValue"] == "2"
    assert review["reviewRating"]["bestRating"] == "5"
    assert review["itemReviewed"]["name"] == "Вклад"
    assert str(review["interactionStatistic"]["userInteractionCount"]) == "51"
    assert review["url"].endswith("/review/r%2F11")
    assert " ".join(review["reviewBody"].split()) == f"Пишу в 11-й раз. {NASTY}"


def test_pages_alternate_between_the_syntaxes() -> None:
    with site() as running:
        pages = [httpx.get(f"{running.url}/reviews/?page={n}").text for n in (1, 2)]
    assert ["application/ld+json" in text for text in pages] == [True, False]
    assert ['itemtype="https://schema.org/Review"' in text for text in pages] == [False, True]


def test_a_reader_can_walk_down_to_the_oldest() -> None:
    seen: list[str] = []
    with site() as running:
        address = f"{running.url}/reviews/"
        while address:
            seen += [review["name"] for review in read(address)]
            tree = lxml.html.fromstring(httpx.get(address).text)
            following = tree.xpath("//link[@rel='next']/@href")
            address = urljoin(address, following[0]) if following else ""
    assert seen == [f"Отзыв {n}" for n in range(11, -1, -1)]


@pytest.mark.parametrize("markup", [Markup.JSONLD, Markup.MICRODATA])
def test_a_teaser_page_only_links(markup: Markup) -> None:
    with site(listing=Listing.TEASER, markup=markup) as running:
        assert read(f"{running.url}/reviews/") == []
        tree = lxml.html.fromstring(httpx.get(f"{running.url}/reviews/").text)
        links = tree.xpath("//a[@class='review-title']/@href")
        assert len(links) == 5
        assert read(urljoin(running.url, links[0]))[0]["name"] == "Отзыв 11"


@pytest.mark.parametrize(
    ("scale", "rating"),
    [
        (Scale.FIVE, {"ratingValue": "2", "bestRating": "5", "worstRating": "1"}),
        (Scale.TEN, {"ratingValue": "2.5", "bestRating": "10", "worstRating": "0"}),
        (Scale.BARE, {"ratingValue": "2"}),
    ],
)
@pytest.mark.parametrize("markup", [Markup.JSONLD, Markup.MICRODATA])
def test_ratings_are_on_the_scale_asked_for(
    scale: Scale, rating: dict[str, str], markup: Markup
) -> None:
    with site(scale=scale, markup=markup) as running:
        found = read(f"{running.url}/review/r%2F11")[0]["reviewRating"]
    assert {name: value for name, value in found.items() if name != "@type"} == rating


def test_the_sitemap_lists_every_review_with_its_date() -> None:
    with site() as running:
        tree = lxml.etree.fromstring(httpx.get(f"{running.url}/sitemap.xml").content)
        robots = httpx.get(f"{running.url}/robots.txt").text
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    assert len(tree.xpath("//s:loc", namespaces=space)) == 12
    assert tree.xpath("//s:lastmod/text()", namespaces=space)[0] == "2026-04-12T10:00:00+03:00"
    assert "Sitemap: http://127.0.0.1" in robots


@pytest.mark.parametrize("markup", [Markup.JSONLD, Markup.MICRODATA])
def test_a_bare_review_has_no_fields_it_does_not_know(markup: Markup) -> None:
    options = SiteOptions(markup=markup)
    with Site([{"id": "1", "text": "Норм"}], SiteKind.SCHEMA_ORG, options=options) as running:
        review = read(f"{running.url}/reviews/")[0]
    assert {"author", "reviewRating", "datePublished", "name"}.isdisjoint(review)
    assert review["reviewBody"] == "Норм"


def test_broken_html_keeps_its_words() -> None:
    with site(markup=Markup.MICRODATA, broken_html=True) as running:
        bodies = [
            " ".join(review["reviewBody"].split()) for review in read(f"{running.url}/reviews/")
        ]
    assert all(
        f"Пишу в {n}-й раз." in body for n, body in zip(range(11, 6, -1), bodies, strict=True)
    )
