"""Discourse: a forum engine with a JSON answer behind every page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode, urlsplit

from pydantic import Field, StringConstraints

from crawlers.addresses import parameter, with_parameter
from crawlers.base import Fields, Link, PostSpider, Reading, Row, Stream, as_list
from crawlers.numbers import read_count
from crawlers.page import Page, PageError
from crawlers.params import SourceParams, host_of
from crawlers.text import plain, without_quotes
from mentions.errors import ConfigError, RecordError
from mentions.model import Kind, Post

_REGULAR = 1  # post_type; the others are notes of moderators and of the engine
_IDS_END = 2**63
_WINDOW = 50  # ids that the firehose of engines before 2024 looks through for one page
_PLACE = re.compile(
    r"/t/(?:[^/?#]*[^/?#\d][^/?#]*/)?(?P<topic>\d+)(?:/(?P<place>\d+))?/?(?:[?#]|$)"
)
_SEARCH_PAGES = 10  # the engine refuses more
_Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]


class DiscourseParams(SourceParams):
    """A whole forum, or what its search finds."""

    queries: tuple[_Query, ...] = Field(
        default=(),
        description="Words to search for; without them every public post of the forum is read.",
    )


class DiscourseSpider(PostSpider):
    """A Discourse forum. Ids only grow, so they are the order and no date can mislead it."""

    kind = Kind.FORUM
    Params = DiscourseParams
    params: DiscourseParams
    overlap: ClassVar[float] = 0
    empty_pages: ClassVar[int] = 20  # a thousand deleted posts in a row, on engines before 2024

    def site(self, url: str) -> str:
        """A forum may live in a folder beside others."""
        return f"{self.name}:{host_of(url)}{urlsplit(url).path.rstrip('/')}"

    def streams(self) -> Iterator[Stream]:
        for url in self.params.urls:
            site, base = self.site(url), url.rstrip("/")
            if not self.params.queries:
                yield Stream(f"{site} posts", f"{base}/posts.json", site)
            for query in self.params.queries:
                asked = urlencode({"q": f"{query} order:latest", "page": 1})
                yield Stream(f"{site} search {query}", f"{base}/search.json?{asked}", site)

    def single(self, url: str) -> Iterator[Stream]:
        """The post's topic near it, which has the title; failing that, the post alone."""
        home = next((known for known in self.params.urls if url.startswith(known)), None)
        found = _PLACE.search(url)
        if home is None or found is None:
            raise ConfigError(f"{url} is no post of the source {self.source}")
        base, site, place = home.rstrip("/"), self.site(home), found["place"] or "1"
        yield Stream(url, f"{base}/t/{found['topic']}/{place}.json", site)
        yield Stream(url, f"{base}/posts/by_number/{found['topic']}/{place}.json", site)

    def rows(self, page: Page) -> Iterable[Row]:
        answer = page.json()
        if not isinstance(answer, dict):
            raise PageError("not an answer of Discourse")
        if "grouped_search_result" in answer:
            return []
        if "latest_posts" in answer:
            return _with_parents(as_list(answer["latest_posts"]))
        if "post_stream" in answer:
            return _one_of_topic(answer, str(page.hint.get("only")))
        if "cooked" in answer or "raw" in answer:
            return [answer]
        raise PageError("not an answer of Discourse")

    def parse_row(self, row: Row, page: Page) -> Fields | None:
        gone = row.get("deleted_at") or row.get("hidden") or row.get("user_deleted")
        if gone or row.get("post_type", _REGULAR) != _REGULAR:
            return None
        number, title = row["post_number"], row.get("topic_title") or page.hint.get("topic_title")
        return {
            "native_id": _id(row),
            "url": row.get("post_url") or f"/t/{row['topic_slug']}/{row['topic_id']}/{number}",
            "title": title,  # also of a reply: "same here" says little without it
            "text": _text(row),
            "author_id": row["username"],
            "author_name": row.get("name") or row["username"],
            "reach": read_count(row.get("reads")),
            "published_at": row["created_at"],
            "edited_at": row.get("updated_at") if row.get("version", 1) > 1 else None,
            "reply_to": _parent(row),
        }

    def links(self, page: Page) -> Iterable[Link]:
        """Hits of a search hold no more than a few words each."""
        answer = page.json()
        titles = {topic["id"]: topic.get("title") for topic in as_list(answer.get("topics"))}
        base = page.url.partition("/search.json")[0]
        for hit in as_list(answer.get("posts")) if "grouped_search_result" in answer else ():
            number = _id(hit)
            yield Link(
                f"{base}/posts/{number}.json",
                key=str(number),
                position=float(number),
                hint={"topic_title": titles.get(hit.get("topic_id"))},
            )

    def next_url(self, page: Page, reading: Reading) -> str | None:
        answer = page.json()
        if "grouped_search_result" in answer:
            more = (answer["grouped_search_result"] or {}).get("more_full_page_results")
            following = with_parameter(page.url, "page", step=1, first=1)
            within = int(parameter(following, "page") or 0) <= _SEARCH_PAGES
            return following if more and within else None
        if "latest_posts" not in answer:
            return None
        before = _next_before(as_list(answer["latest_posts"]), parameter(page.url, "before"))
        return with_parameter(page.url, "before", before) if before > 1 else None

    def position(self, post: Post) -> float | None:
        return float(post.native_id)


def _id(row: Row) -> int:
    """The post's id; above one that no forum counts to, the bookmark would take all for known."""
    number = int(row["id"])
    if not 0 < number < _IDS_END:
        raise RecordError("an id that no forum counts to")
    return number


def _one_of_topic(answer: Row, address: str) -> list[Row]:
    """The one post of a topic that has the address, with the topic's title."""
    wanted = _PLACE.search(address)
    if wanted is None or str(answer.get("id")) != wanted["topic"]:
        return []
    shared = {"topic_title": answer.get("title"), "topic_slug": answer.get("slug")}
    posts = as_list(answer["post_stream"].get("posts"))
    place = int(wanted["place"] or 1)
    return [shared | post for post in posts if post.get("post_number") == place]


def _next_before(rows: list[Row], asked: str | None) -> int:
    """Where the next page begins; 0 at the end.

    Engines answer ``before=ID`` with posts below ID, those before 2024 with the posts among the 50
    ids up to ID: of those none may be left, with older ones still to come.
    """
    lowest = min((int(row["id"]) for row in rows if _is_numbered(row)), default=None)
    before = int(asked) if asked and asked.isdigit() else None
    if lowest is not None and (before is None or lowest < before):
        return lowest
    return before - _WINDOW if before else 0


def _with_parents(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with the id of the post that it answers, where that is on the page too."""
    numbered = [row for row in rows if _is_numbered(row)]
    ids = {(row.get("topic_id"), row.get("post_number")): row["id"] for row in numbered}
    for row in numbered:
        row["parent_id"] = ids.get((row.get("topic_id"), row.get("reply_to_post_number")))
    return rows


def _is_numbered(row: Row) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), int)


def _parent(row: Row) -> str | None:
    """The parent's id, or else its place in the forum, which is all that the engine tells."""
    place = row.get("reply_to_post_number")
    if place is None:
        return None
    known = row.get("parent_id")
    return str(known) if known is not None else f"{row['topic_id']}/{place}"


def _text(row: Row) -> str:
    """What the author said, without what they quote."""
    cooked = row.get("cooked")
    return plain(cooked, quotes=False) if cooked else without_quotes(row["raw"])
