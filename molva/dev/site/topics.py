"""Sorts the posts of a forum into topics: by reply first, then by title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from molva.dev.site.markup import slug
from molva.dev.site.post import SitePost


@dataclass(frozen=True, slots=True)
class Topic:
    """``members`` are native ids, oldest first: the place in it, from 1, is the post number."""

    id: int
    title: str
    slug: str
    members: list[str] = field(default_factory=list)


class Topics:
    """Which topic each post is in; topic ids follow the age of the topics."""

    def __init__(self, oldest_first: Sequence[SitePost]) -> None:
        self.by_id: dict[int, Topic] = {}
        self._of: dict[str, Topic] = {}
        self._place: dict[str, int] = {}
        by_title: dict[str, Topic] = {}
        for post in oldest_first:
            topic = self._of.get(post.reply_to or "") or by_title.get(post.title or "")
            if topic is None:
                topic = self._open(post)
                if post.title:
                    by_title[post.title] = topic
            topic.members.append(post.native_id)
            self._of[post.native_id] = topic
            self._place[post.native_id] = len(topic.members)

    def of(self, native_id: str) -> Topic:
        return self._of[native_id]

    def place(self, native_id: str) -> int:
        return self._place[native_id]

    def _open(self, post: SitePost) -> Topic:
        title = post.title or " ".join(post.text.split()[:8])[:120]
        topic = Topic(id=len(self.by_id) + 1, title=title, slug=slug(title))
        self.by_id[topic.id] = topic
        return topic
