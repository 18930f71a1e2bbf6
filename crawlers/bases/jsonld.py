"""Sites that mark their reviews up with schema.org, in JSON-LD or microdata."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urldefrag, urljoin, urlsplit

from pydantic import AfterValidator, Field

from crawlers.addresses import parameter, with_parameter
from crawlers.base import Fields, Link, PostSpider, Reading, Row, as_list
from crawlers.bases.structured import NODE, Thing, find_things, value, words
from crawlers.numbers import read_count, read_rating
from crawlers.page import Page, PageError
from crawlers.params import SourceParams, host_of
from mentions.model import Kind

_NEXT = '//*[self::link or self::a][contains(concat(" ", @rel, " "), " next ")]/@href'
_NEXT_BY_CLASS = '//a[contains(concat(" ", @class, " "), " next ")]/@href'
_DATABASE_ID = re.compile(r"\d{4}|[0-9a-f]{8}")
_COUNTED = re.compile(r"(^|\D)\d{1,3}$")  # "review-3" is a place on a page, not an id
_TEXTS = ("reviewBody", "description", "name")
_ID_ATTRIBUTES = ("data-id", "data-review-id", "id")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


class ReviewParams(SourceParams):
    """How a site of reviews is paged, and whether its lists hold the reviews whole."""

    links: Annotated[str, AfterValidator(_pattern)] | None = Field(
        default=None,
        description="Regular expression for the addresses of single reviews: set it where lists "
        "show only the beginning of each.",
    )
    page_param: str | None = Field(
        default=None,
        pattern=r"^\w+$",
        description="Query parameter that counts pages, where a page names no next one.",
    )
    first_page: int = Field(default=1, ge=0, le=1, description="What page_param begins with.")


class JsonLdSpider(PostSpider):
    """A source of schema.org reviews. Ratings summed up by the site are not reviews."""

    kind = Kind.REVIEW
    Params = ReviewParams
    params: ReviewParams

    def rows(self, page: Page) -> Iterable[Row]:
        if self.params.links and not page.hint:
            if self._is_first(page) and not any(self._linked(page)):
                raise PageError("no links to reviews on the page")
            return []
        reviews = find_things(page, "Review")
        if not reviews and self._is_first(page) and not any(self._linked(page)):
            raise PageError("no reviews on the page")
        return _without_shared(reviews, page)

    def parse_row(self, row: Row, page: Page) -> Fields | None:
        review = dict(row)
        title, body = words(review, "name", "headline"), words(review, *_TEXTS[:2])
        if not (title or body):
            return None  # stars without a word
        author = _person(review.get("author"), page)
        address = _address(review, page)
        identity = _identity(review, page, address, author)
        return {
            "native_id": identity,
            "url": address or f"{urldefrag(page.url)[0]}#{identity}",
            "title": title if body else None,
            "text": body or title,
            "author_id": author.get("id"),
            "author_name": author.get("name"),
            "rating": _rating(value(review, "reviewRating", "ratingValue")),
            "reach": _views(review),
            "published_at": value(review, "datePublished", "dateCreated"),
            "edited_at": value(review, "dateModified"),
        }

    def links(self, page: Page) -> Iterable[Link]:
        if page.hint:
            return
        for url in dict.fromkeys(self._linked(page)):
            yield Link(url, key=url, hint={"list": page.url})

    def next_url(self, page: Page, reading: Reading) -> str | None:
        for path in (_NEXT, _NEXT_BY_CLASS):
            if found := page.tree.xpath(path):
                return urljoin(page.url, str(found[0]).strip())
        name = self.params.page_param
        if name is None or reading.empty:
            return None
        return with_parameter(page.url, name, step=1, first=self.params.first_page)

    def _is_first(self, page: Page) -> bool:
        """Whether this is no page that we counted up to ourselves, perhaps past the last one."""
        name = self.params.page_param
        return name is None or parameter(page.url, name) in (None, str(self.params.first_page))

    def _linked(self, page: Page) -> Iterator[str]:
        """Addresses of single reviews, by the given pattern or from a list that is declared."""
        if self.params.links is None:
            yield from _declared(page)
            return
        pattern = re.compile(self.params.links)
        for href in page.tree.xpath("//a/@href"):
            url = _on_site(href, page)
            if url and pattern.search(url):
                yield url


def _declared(page: Page) -> Iterator[str]:
    """Addresses in an ``ItemList``, on a page that holds no reviews itself."""
    if find_things(page, "Review"):
        return
    for things in find_things(page, "ItemList"):
        for element in as_list(things.get("itemListElement")):
            item = element.get("item", element) if isinstance(element, dict) else element
            found = value(item, "url", "@id") if isinstance(item, dict) else item
            if isinstance(found, str) and (url := _on_site(found, page)):
                yield url


def _on_site(href: str, page: Page) -> str | None:
    """Where a link leads on the page's own site. What is no address costs itself, not the page."""
    try:
        url = urldefrag(urljoin(page.url, href.strip()))[0]
        is_here = url.startswith("http") and host_of(url) == host_of(page.url)
    except (ValueError, LookupError):
        return None
    return url if is_here else None


def _address(review: Thing, page: Page) -> str | None:
    """The review's own page; on a list, the list's address is its subject's and not its own."""
    found = value(review, "url")
    if not isinstance(found, str):
        return None
    try:
        address = urljoin(page.url, found.strip())
    except ValueError:  # no address at all: asked of all reviews at once, it would cost the page
        return None
    is_here = urlsplit(address)[:3] == urlsplit(page.url)[:3] and not urlsplit(address).fragment
    return None if is_here and not page.hint else address


def _identity(review: Thing, page: Page, address: str | None, author: Thing) -> str:
    """The review's id on its site: one that it names, or else what will not change about it."""
    node = review.get(NODE)
    attributes = [node.get(name) for name in _ID_ATTRIBUTES] if node is not None else []
    known = [a for a in attributes if a and _DATABASE_ID.search(a)]
    named = _named(review.get("@id"), page) or address or next(iter(known), None)
    if named or (named := value(review, "identifier")):
        return str(named)
    date = str(value(review, "datePublished") or "")
    lasting = date if author and re.match(r"\d{4}-", date) else words(review, *_TEXTS)
    return sha256(f"{author.get('id')}|{lasting}".encode()).hexdigest()[:32]


def _named(identity: Any, page: Page) -> str | None:
    """An ``@id``, unless it only counts the reviews of the page: each new one moves those."""
    if not isinstance(identity, str) or not identity.strip():
        return None
    url, fragment = urldefrag(urljoin(page.url, identity.strip()))
    if _COUNTED.search(fragment) and urlsplit(url)[:3] == urlsplit(page.url)[:3]:
        return None
    return f"{url}#{fragment}" if fragment else url


def _without_shared(reviews: list[Thing], page: Page) -> list[Thing]:
    """Reviews less the addresses and ids that several have: those are the page's, not theirs."""
    addresses = Counter(_address(review, page) for review in reviews)
    ids = Counter(str(review.get("@id")) for review in reviews)
    return [
        {
            name: part
            for name, part in review.items()
            if not (name == "url" and addresses[_address(review, page)] > 1)
            and not (name == "@id" and ids[str(part)] > 1)
        }
        for review in reviews
    ]


def _person(found: Any, page: Page) -> Thing:
    """Name and id of an author, who may be an object, a list of them, or just a name."""
    author = next(iter(as_list(found)), None)
    if isinstance(author, str) and author.strip():
        return {"name": author.strip(), "id": author.strip()}
    if not isinstance(author, dict):
        return {}
    name, address = value(author, "name"), value(author, "url", "sameAs")
    known = urljoin(page.url, address) if isinstance(address, str) else value(author, "@id")
    return {"name": name, "id": known or name}


def _rating(found: Any) -> float | None:
    if not isinstance(found, dict):
        return read_rating(found)
    best, worst = value(found, "bestRating"), value(found, "worstRating")
    return read_rating(value(found, "ratingValue"), best=best, worst=worst)


def _views(review: Thing) -> int | None:
    for counter in as_list(review.get("interactionStatistic")):
        kind = value(counter, "interactionType") if isinstance(counter, dict) else None
        if str(kind.get("@type") if isinstance(kind, dict) else kind).endswith("ViewAction"):
            return read_count(value(counter, "userInteractionCount"))
    return None
