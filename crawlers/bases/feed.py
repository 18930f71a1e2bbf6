"""RSS, Atom and JSON Feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html.entities import html5
from io import BytesIO
from typing import Any
from urllib.parse import urljoin
from xml.sax import SAXException

from pydantic import Field

from crawlers.addresses import with_parameter
from crawlers.base import Fields, PostSpider, Reading, Row, Stream, as_list
from crawlers.page import MendedError, Page, PageError
from crawlers.params import SourceParams
from crawlers.text import plain
from mentions.model import Kind

_ROOT = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf)\b", re.I)
# A comment may not run on past its own end: with many of them that would be tried in every way.
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--(?:(?!-->).)*-->\s*)*$", re.I | re.S)
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]{2,31}\d*);")
_TAIL = 3_000  # characters in which a feed ends, with the comments of its cache
_OLDER = ("next", "prev-archive")  # RFC 5005: pages of a feed, archives of a feed
# Where people talk, markup for quotes holds somebody else's words.
_TALK = frozenset({Kind.FORUM, Kind.SOCIAL})


class FeedParams(SourceParams):
    """A feed does not say what sort of place it comes from."""

    kind: Kind = Field(default=Kind.NEWS, description="What it is: review, forum, social or news.")


class FeedSpider(PostSpider):
    """A source that publishes feeds. A child may change how an entry reads in ``parse_row``."""

    kind = Kind.NEWS
    Params = FeedParams

    def __init__(self, source: str, params: SourceParams) -> None:
        super().__init__(source, params)
        if isinstance(params, FeedParams):
            self.kind = params.kind

    def single(self, url: str) -> Iterator[Stream]:
        """A feed's post has no other machine-readable place than the feed."""
        return self.streams()

    def rows(self, page: Page) -> Iterable[Row]:
        """Entries in the feed's order. One that breaks off loses the entry that it breaks in."""
        if _is_json(page):
            yield from as_list(_json_feed(page).get("items"))
            return
        feed = _xml_feed(page.text)
        whole = _END.search(page.text[-_TAIL:]) is not None
        yield from feed["entries"] if whole else feed["entries"][:-1]
        if not whole:
            raise PageError("the feed breaks off")
        if isinstance(feed.get("bozo_exception"), SAXException):
            kind = MendedError if feed["entries"] else PageError
            raise kind("not well-formed XML")

    def parse_row(self, row: Row, page: Page) -> Fields | None:
        fields = self._from_json(row) if _is_json(page) else self._from_xml(row)
        if not fields["text"]:  # a headline is all that was said
            fields |= {"text": fields["title"], "title": None}
        return fields | {"url": fields["url"] or page.url}

    def next_url(self, page: Page, reading: Reading) -> str | None:
        if _is_json(page):
            following = _json_feed(page).get("next_url")
            return urljoin(page.url, following) if isinstance(following, str) else None
        feed = _xml_feed(page.text)["feed"]
        for link in feed.get("links", ()):
            if link.get("rel") in _OLDER and link.get("href"):
                return urljoin(page.url, str(link["href"]))
        if "wordpress" in str(feed.get("generator", "")).lower():
            return with_parameter(page.url, "paged", step=1, first=1)
        return None

    def _from_xml(self, row: Row) -> Fields:
        row = dict(row)  # feedparser's own lookup takes the one date for the other
        author = row.get("author_detail") or {}
        published, updated = row.get("published"), row.get("updated")
        reply = row.get("thr_in-reply-to") or {}
        return {
            "native_id": row.get("id") or row.get("link"),
            "url": row.get("link"),
            "title": self._words(row.get("title_detail")),
            "text": self._words(_longest(row.get("content")) or row.get("summary_detail")),
            "author_id": author.get("href") or author.get("email") or author.get("name"),
            "author_name": author.get("name") or row.get("author"),
            "published_at": published or updated,
            "edited_at": updated if published and updated != published else None,
            "reply_to": reply.get("ref"),
        }

    def _from_json(self, row: Row) -> Fields:
        author = next(iter(as_list(row.get("authors") or row.get("author"))), None) or {}
        html, text = row.get("content_html"), row.get("content_text")
        published, updated = row.get("date_published"), row.get("date_modified")
        return {
            "native_id": row.get("id") or row.get("url"),
            "url": row.get("url") or row.get("external_url"),
            "title": row.get("title"),
            "text": self._plain(html) if html else text or row.get("summary"),
            "author_id": author.get("url") or author.get("name"),
            "author_name": author.get("name"),
            "published_at": published or updated,
            "edited_at": updated if published and updated != published else None,
        }

    def _words(self, detail: Mapping[str, Any] | None) -> str | None:
        if not detail:
            return None
        value = str(detail["value"])
        return value if detail.get("type") == "text/plain" else self._plain(value)

    def _plain(self, html: str) -> str:
        return plain(html, quotes=self.kind not in _TALK)


def _longest(contents: Any) -> Mapping[str, Any] | None:
    """An entry may hold its text in several forms; podcasts add one of a few words."""
    return max(as_list(contents), key=lambda content: len(content["value"]), default=None)


def _is_json(page: Page) -> bool:
    return "json" in page.content_type or page.body.lstrip()[:1] == b"{"


def _json_feed(page: Page) -> Mapping[str, Any]:
    answer = page.json()
    if not isinstance(answer, dict) or "items" not in answer:
        raise PageError("not a JSON Feed")
    return answer


@lru_cache(maxsize=1)  # once for its entries, once for the next page
def _xml_feed(text: str) -> Mapping[str, Any]:
    import feedparser  # type: ignore[import-untyped]

    if not _ROOT.search(text):
        raise PageError("not a feed")
    # Given a string, feedparser would open it as an address or a file. Relative links it leaves to
    # us within texts, where nobody reads them, and scripts go when the text is made plain.
    feed: Mapping[str, Any] = feedparser.parse(
        BytesIO(_with_xml_entities(_without_doctype(text)).encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return feed


def _without_doctype(text: str) -> str:
    """Entities of a document's own serve only attacks: all that feeds need are built in."""
    start = text[:2_000].upper().find("<!DOCTYPE")
    if start < 0:
        return text
    root = _ROOT.search(text, start)
    return text[:start] + text[root.start() if root else len(text) :]


def _with_xml_entities(text: str) -> str:
    """HTML's names for characters, which XML does not know and many feeds use all the same."""
    return _NAMED.sub(lambda found: html5.get(f"{found[1]};", found[0]), text)
