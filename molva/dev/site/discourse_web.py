"""What a Discourse forum shows to browsers and feed readers."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import format_datetime
from html import escape

from molva.dev.site.discourse_json import Records
from molva.dev.site.http import Response
from molva.dev.site.markup import page
from molva.dev.site.options import SiteOptions
from molva.dev.site.post import SitePost
from molva.dev.site.shelf import last_change
from molva.dev.site.topics import Topic, Topics

_GENERATOR = '<meta name="generator" content="Discourse 2026.10.0">'


class WebPages:
    """Draws the posts it is given."""

    def __init__(self, topics: Topics, records: Records, options: SiteOptions) -> None:
        self._topics = topics
        self._records = records
        self._title = options.title or "Форум"

    def topic(self, topic: Topic, posts: Sequence[SitePost]) -> Response:
        articles = "\n".join(
            f'<article id="post_{self._topics.place(post.native_id)}"><b>'
            f"{escape(self._records.username(post))}</b>{self._records.cooked(post)}</article>"
            for post in posts
        )
        return Response(200, page(topic.title, articles, head=_GENERATOR))

    def home(self, posts: Sequence[SitePost]) -> Response:
        links = "\n".join(
            f'<li><a href="{self._records.address(post)}">'
            f"{escape(self._topics.of(post.native_id).title)}</a></li>"
            for post in posts
        )
        return Response(200, page(self._title, f"<ul>{links}</ul>", head=_GENERATOR))

    def rss(self, posts: Sequence[SitePost], base: str) -> Response:
        items = "\n".join(self._item(post, base) for post in posts)
        text = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>{escape(self._title)}</title><link>{base}</link><description>Latest posts</description>
{items}
</channel></rss>
"""
        return Response(
            200,
            text.encode("utf-8", "replace"),
            "application/rss+xml; charset=utf-8",
            changed=last_change(posts),
            shown=tuple(post.native_id for post in posts),
        )

    def _item(self, post: SitePost, base: str) -> str:
        topic = self._topics.of(post.native_id)
        address = f"{base}{self._records.address(post)}"
        when = f"<pubDate>{format_datetime(post.date)}</pubDate>" if post.date else ""
        html = self._records.cooked(post).replace("]]>", "]]&gt;")
        return (
            f"<item><title>{escape(topic.title, quote=False)}</title>"
            f"<dc:creator>{escape(self._records.username(post))}</dc:creator>"
            f"<description><![CDATA[{html}]]></description><link>{escape(address)}</link>{when}"
            f'<guid isPermaLink="false">post-{self._records.number(post)}</guid></item>'
        )
