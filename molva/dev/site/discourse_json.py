"""Discourse's JSON records, with the field names that its serializers use."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from molva.dev.site.markup import body, shorten, slug
from molva.dev.site.options import SiteOptions
from molva.dev.site.post import SitePost
from molva.dev.site.shelf import Shelf
from molva.dev.site.topics import Topic, Topics

# A regular public post, as one sees it who is not logged in.
_SAME_FOR_ALL: dict[str, Any] = {
    "post_type": 1,
    "reply_count": 0,
    "quote_count": 0,
    "incoming_link_count": 0,
    "yours": False,
    "actions_summary": [],
    "moderator": False,
    "admin": False,
    "staff": False,
    "hidden": False,
    "trust_level": 1,
    "deleted_at": None,
    "user_deleted": False,
    "edit_reason": None,
    "wiki": False,
}


class Records:
    """Builds the records of one forum."""

    def __init__(self, shelf: Shelf, topics: Topics, options: SiteOptions) -> None:
        self._numbers = shelf.numbers
        self._topics = topics
        self._options = options

    def post(self, post: SitePost) -> dict[str, Any]:
        """A post as the firehose has it, ``raw`` included."""
        topic = self._topics.of(post.native_id)
        created = stamp(post.date) or post.printed_date
        return (
            self.brief(post)
            | _SAME_FOR_ALL
            | {
                "cooked": self.cooked(post),
                "raw": post.text if post.html is None else post.html,
                "created_at": created,
                "updated_at": stamp(post.edited_at) or created,
                "posts_count": len(topic.members),
                "reply_to_post_number": self._reply_place(post),
                "reads": post.reach or 1,
                "readers_count": max((post.reach or 1) - 1, 0),
                "score": round(0.2 * (post.reach or 1), 1),
                "topic_slug": topic.slug,
                "topic_title": topic.title,
                "topic_html_title": escape(topic.title),
                "category_id": 5,
                "display_username": post.author_name or "",
                "version": post.revision,
                "user_id": 1 + len(self.username(post)),
                "excerpt": escape(shorten(post.text)),
                "post_url": self.address(post),
            }
        )

    def brief(self, post: SitePost) -> dict[str, Any]:
        """What a post and a search hit have in common."""
        name = self.username(post)
        return {
            "id": self._numbers[post.native_id],
            "name": post.author_name or "",
            "username": name,
            "avatar_template": f"/letter_avatar_proxy/v4/letter/{name[0]}/4af34b/{{size}}.png",
            "created_at": stamp(post.date) or post.printed_date,
            "post_number": self._topics.place(post.native_id),
            "topic_id": self._topics.of(post.native_id).id,
        }

    def hit(self, post: SitePost, blurb: str) -> dict[str, Any]:
        return self.brief(post) | {"like_count": 0, "blurb": blurb}

    def topic(self, topic: Topic, last: datetime | None) -> dict[str, Any]:
        return {
            "id": topic.id,
            "title": topic.title,
            "fancy_title": escape(topic.title),
            "slug": topic.slug,
            "posts_count": len(topic.members),
            "reply_count": max(len(topic.members) - 1, 0),
            "highest_post_number": len(topic.members),
            "created_at": stamp(last),
            "last_posted_at": stamp(last),
            "bumped": True,
            "bumped_at": stamp(last),
            "archetype": "regular",
            "unseen": False,
            "pinned": False,
            "visible": True,
            "closed": False,
            "archived": False,
            "tags": [],
            "views": 10 * len(topic.members),
            "category_id": 5,
        }

    def address(self, post: SitePost) -> str:
        topic = self._topics.of(post.native_id)
        return f"/t/{topic.slug}/{topic.id}/{self._topics.place(post.native_id)}"

    def username(self, post: SitePost) -> str:
        """Every poster has one; a file that names no author gets guests."""
        guest = f"guest{self._numbers[post.native_id]}"
        return post.author_id or slug(post.author_name or "", guest).replace("-", "_")

    def number(self, post: SitePost) -> int:
        return self._numbers[post.native_id]

    def cooked(self, post: SitePost) -> str:
        return body(post, broken=self._options.broken_html)

    def _reply_place(self, post: SitePost) -> int | None:
        parent = post.reply_to
        known = parent is not None and parent in self._numbers
        return self._topics.place(parent) if parent and known else None


def stamp(date: datetime | None) -> str | None:
    """Rails' form: UTC with milliseconds."""
    if date is None:
        return None
    return date.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
