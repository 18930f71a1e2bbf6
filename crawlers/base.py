"""What every source shares: a source says what it reads, the base does the rest.

Nothing here fetches. A spider turns pages into posts and names the next page; ``descent`` walks,
``fetch`` speaks to the site, and a test needs neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from w3lib.url import safe_url_string

from crawlers.bookmark import Entry
from crawlers.dates import read_date
from crawlers.page import MendedError, Page, PageError
from crawlers.params import SourceParams, host_of
from mentions.errors import ConfigError, RecordError
from mentions.model import MAX_ID, MAX_TEXT, Kind, Post

Row = Mapping[str, Any]
Fields = dict[str, Any]

DAY = 86_400.0
MAX_EXCERPT = 4_000
# What a row of an unforeseen form can raise. Strangers write the rows: none may stop the crawl.
ROW_ERRORS = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    RecordError,
)


@dataclass(frozen=True, slots=True)
class Stream:
    """One list of posts, newest first; ``name`` is what its bookmark is kept under.

    ``site`` is who publishes it: the same however ``watch.toml`` calls the source, and wherever
    the address redirects to.
    """

    name: str
    url: str
    site: str


@dataclass(frozen=True, slots=True)
class Link:
    """A post that a list page only points to. ``hint`` is handed on to the page behind it."""

    url: str
    key: str
    position: float | None = None
    hint: Mapping[str, Any] = field(default_factory=dict)

    @property
    def entry(self) -> Entry:
        return Entry(self.key, self.position)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that could not be read: why, and enough of it to see what it was."""

    url: str
    reason: str
    excerpt: str


@dataclass(slots=True)
class Reading:
    """What one page gave. ``fault`` says why the page as a whole is not what it should be."""

    posts: list[Post] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    skipped: int = 0  # rows that are no posts: deleted, hidden
    fault: str | None = None
    whole: bool = True  # False: there was more on the page, and below it, than could be read

    @property
    def empty(self) -> bool:
        return not (self.posts or self.links or self.rejected or self.skipped)


class PostSpider:
    """A source. It sets ``name`` and ``kind`` and says how a page and a row read.

    ``rows`` and ``parse_row`` are enough for one page; ``next_url`` pages on, ``links`` names the
    pages of posts that a list does not hold whole.
    """

    name: ClassVar[str]
    kind: Kind
    Params: ClassVar[type[SourceParams]] = SourceParams
    overlap: ClassVar[float] = DAY  # how late a post may appear with an older position
    empty_pages: ClassVar[int] = 1  # so many without a post in a row end the list

    def __init__(self, source: str, params: SourceParams) -> None:
        self.source = source
        self.params = params
        self.zone = ZoneInfo(params.timezone)

    def site(self, url: str) -> str:
        return f"{self.name}:{host_of(url)}"

    def streams(self) -> Iterator[Stream]:
        """The lists to read; by default one at each address."""
        for url in self.params.urls:
            yield Stream(url, url, self.site(url))

    def single(self, url: str) -> Iterator[Stream]:
        """Where one post is read again; by default at its own address."""
        yield Stream(url, url, self.home_of(url))

    def home_of(self, url: str) -> str:
        """The site among this source's that an address belongs to. Raises ``ConfigError``."""
        for known in self.params.urls:
            if host_of(known) == host_of(url):
                return self.site(known)
        raise ConfigError(f"{url} is not on a site of the source {self.source}")

    def rows(self, page: Page) -> Iterable[Row]:
        """The raw records on one page. Raises ``PageError`` where there can be none."""
        raise NotImplementedError

    def parse_row(self, row: Row, page: Page) -> Fields | None:
        """The fields of one post that only this source can know; None for a row that is no post.

        Dates are given as the site prints them. Raises whatever a bad row makes it raise.
        """
        raise NotImplementedError

    def links(self, page: Page) -> Iterable[Link]:
        """Pages of posts that this page only points to."""
        return ()

    def next_url(self, page: Page, reading: Reading) -> str | None:
        """The page with the next older posts."""
        return None

    def position(self, post: Post) -> float | None:
        """The post's place in the order of its site; by default its date.

        A date may lie a little ahead of us. As a position it does not: it would hide what comes
        in between.
        """
        if post.published_at is None:
            return None
        return min(post.published_at, post.fetched_at).timestamp()

    def read(self, page: Page, site: str) -> Reading:
        """All that can be read of a page; what cannot is set aside with its reason."""
        reading = Reading()
        try:
            for row in self.rows(page):
                self._read_row(row, page, site, reading)
            reading.links.extend(self.links(page))
        except ROW_ERRORS as error:
            reading.fault, reading.whole = reason(error), isinstance(error, MendedError)
        if page.broken:
            reading.fault, reading.whole = "the answer breaks off", False
        return reading

    def _read_row(self, row: Row, page: Page, site: str, reading: Reading) -> None:
        try:
            fields = self.parse_row(row, page)
            if fields is None:
                reading.skipped += 1
            else:
                reading.posts.append(self._post(fields, page, site))
        except ROW_ERRORS as error:
            reading.rejected.append(Rejected(page.url, reason(error), excerpt(row)))

    def _post(self, fields: Fields, page: Page, site: str) -> Post:
        now = page.fetched_at
        published_at, flag = read_date(fields.get("published_at"), now=now, timezone=self.zone)
        edited_at, _ = read_date(fields.get("edited_at"), now=now, timezone=self.zone)
        facts = {
            **fields,
            "native_id": short_id(_required(fields, "native_id")),
            "url": safe_url_string(urljoin(page.url, _required(fields, "url"))),
            "text": _required(fields, "text").replace("\xa0", " ")[:MAX_TEXT],
            "published_at": published_at,
            "date_flag": flag,
            "edited_at": edited_at,
        }
        return Post(site=site, source=self.source, kind=self.kind, fetched_at=now, **facts)


class JsonSpider(PostSpider):
    """A source that answers with JSON; ``rows_key`` names the list inside it."""

    rows_key: ClassVar[str]

    def rows(self, page: Page) -> Iterable[Row]:
        answer = page.json()
        if not isinstance(answer, dict) or self.rows_key not in answer:
            raise PageError(f"no {self.rows_key} in the answer")
        return as_list(answer[self.rows_key])


def as_list(value: Any) -> list[Any]:
    """Many writers of JSON leave the brackets off a list of one, and the list out when empty."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _required(fields: Fields, name: str) -> str:
    value = fields[name]
    if value is None or not str(value).strip():
        raise RecordError(f"no {name}")
    return str(value).strip()


def short_id(native_id: str) -> str:
    """Some sites' ids are longer than an index takes; those become their own hash."""
    return native_id if len(native_id) <= MAX_ID else sha256(native_id.encode()).hexdigest()


def reason(error: Exception) -> str:
    """Why a row was rejected, without a word of what it held."""
    if isinstance(error, ValidationError):
        fault = error.errors(include_input=False, include_url=False)[0]
        where, what = ".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")
        return f"{where}: {what}" if where else what
    if isinstance(error, RecordError):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return f"no {error.args[0]}"
    return f"unforeseen form ({type(error).__name__})"


def excerpt(row: Any) -> str:
    try:
        text = json.dumps(row, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(row).__name__
    return text.encode("utf-8", "replace").decode()[:MAX_EXCERPT]
