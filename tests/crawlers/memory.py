"""A sink in memory, and a site that is nothing but a list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crawlers.addresses import with_parameter
from crawlers.base import Fields, JsonSpider, Link, Reading, Rejected, Row
from crawlers.page import Page
from crawlers.params import SourceParams
from mentions.counts import Counts
from mentions.model import Kind, Origin, Post

EPOCH = datetime(2026, 5, 1, tzinfo=UTC)
NOW = datetime(2026, 5, 21, tzinfo=UTC)


@dataclass
class MemorySink:
    """Keeps what a store would keep. ``fail`` is called before each write and may raise."""

    posts: dict[str, Post] = field(default_factory=dict)
    read_before: dict[str, datetime | None] = field(default_factory=dict)
    bookmarks: dict[str, str] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)

    def bookmark(self, stream: str) -> str | None:
        return self.bookmarks.get(stream)

    def put(self, posts: Sequence[Post], origin: Origin, read_before: datetime | None) -> Counts:
        for post in posts:
            if post.native_id not in self.posts:
                self.read_before[post.native_id] = read_before
                self.origins[post.native_id] = origin
            self.posts[post.native_id] = post
        return Counts(stored=len(posts))

    def reject(self, rejected: Sequence[Rejected]) -> None:
        self.rejected += rejected

    def move(self, stream: str, value: str) -> None:
        self.bookmarks[stream] = value

    def last_read(self) -> datetime | None:
        return None


class ListSpider(JsonSpider):
    """Posts are numbers; a post was published so many minutes after the epoch."""

    name = "list"
    kind = Kind.FORUM
    rows_key = "posts"

    def parse_row(self, row: Row, page: Page) -> Fields | None:
        return {
            "native_id": row["id"],
            "url": f"/posts/{row['id']}",
            "text": row["text"],
            "published_at": row.get("date"),
        }

    def next_url(self, page: Page, reading: Reading) -> str | None:
        return with_parameter(page.url, "page", step=1, first=1) if page.json()["posts"] else None


def list_spider(**params: Any) -> ListSpider:
    return ListSpider(
        "source", SourceParams.model_validate({"url": "https://list.example", **params})
    )


class LinkSpider(ListSpider):
    """The lists only name the posts, each of which has a page of its own."""

    def rows(self, page: Page) -> Iterable[Row]:
        return [page.json()["post"]] if page.hint else []

    def links(self, page: Page) -> Iterable[Link]:
        for row in () if page.hint else page.json()["posts"]:
            url = f"https://list.example/posts/{row['id']}"
            yield Link(url, key=url, hint={"list": page.url})


def link_spider() -> LinkSpider:
    return LinkSpider("source", SourceParams.model_validate({"url": "https://list.example"}))


@dataclass
class ListSite:
    """Serves its posts newest first. What is asked of it can change it, as time does."""

    posts: list[int] = field(default_factory=list)
    size: int = 3
    undated: bool = False
    asked: list[str] = field(default_factory=list)

    def publish(self, number: int) -> None:
        self.posts.insert(0, number)

    def page(self, url: str) -> list[dict[str, Any]]:
        number = int(parse_qs(urlsplit(url).query).get("page", ["1"])[0])
        shown = self.posts[(number - 1) * self.size : number * self.size]
        return [self.row(post) for post in shown]

    def row(self, number: int) -> dict[str, Any]:
        date = None if self.undated else (EPOCH + timedelta(minutes=number)).isoformat()
        return {"id": number, "text": f"Пост {number}", "date": date}

    async def __call__(
        self, url: str, *, headers: Mapping[str, str], hint: Mapping[str, Any]
    ) -> Page:
        self.asked.append(url)
        if hint:
            return json_page({"post": self.row(int(url.rpartition("/")[2]))}, url, hint=hint)
        return json_page({"posts": self.page(url)}, url, hint=hint)


def json_page(data: Any, url: str = "https://list.example", **changed: Any) -> Page:
    facts: dict[str, Any] = {"headers": {"content-type": "application/json"}, **changed}
    return Page(url=url, body=json.dumps(data).encode(), fetched_at=NOW, **facts)
