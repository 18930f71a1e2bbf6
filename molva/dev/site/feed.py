"""A news site or blog: RSS 2.0, Atom and JSON Feed, paged as WordPress and RFC 5005 page them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from molva.dev.site.http import Request, Response
from molva.dev.site.markup import body, iso, page, path_word, shorten, slug
from molva.dev.site.options import SiteOptions
from molva.dev.site.post import SitePost
from molva.dev.site.shelf import Shelf, last_change, page_of

REPEAT_AFTER = 3  # items between an item and its copy
_SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:thr="http://purl.org/syndication/thread/1.0"'
)


class FeedPages:
    """Answers of a site whose posts are in its feeds and on a page each."""

    def __init__(self, shelf: Shelf, options: SiteOptions) -> None:
        self._shelf = shelf
        self._options = options
        self._title = options.title or "Городские вести"
        self._size = options.page_size or 20
        self._settled = None if shelf.changing else self._now()

    def answer(self, request: Request) -> Response | None:
        match request.words:
            case ["feed.xml" | "feed" | "rss"]:
                return self._feed(request, "application/rss+xml", self._rss)
            case ["atom.xml"]:
                return self._feed(request, "application/atom+xml", self._atom)
            case ["feed.json"]:
                return self._feed(request, "application/feed+json", self._json)
            case ["posts", native_id, *_]:
                return self._post(native_id)
            case [""]:
                return self._home()
        return None

    def _feed(self, request: Request, content_type: str, write: Any) -> Response | None:
        number = request.number("paged", 1)
        posts, changed = self._settled or self._now()
        shown = page_of(posts, number, self._size)
        if not shown and number != 1:
            return None
        address = f"{request.base}{request.path}"
        more = f"{address}?paged={number + 1}" if number * self._size < len(posts) else None
        text = write(shown, request.base, address, more)
        encoding = "utf-8" if content_type.endswith("json") else self._options.encoding
        return Response(
            200,
            text.encode(encoding, "xmlcharrefreplace"),
            f"{content_type}; charset={encoding}",
            changed=changed,
            shown=tuple(post.native_id for post in shown),
        )

    def _now(self) -> tuple[list[SitePost], datetime | None]:
        posts = _with_repeats(self._shelf.newest())
        return posts, last_change(posts)

    def _rss(self, posts: Sequence[SitePost], base: str, address: str, more: str | None) -> str:
        following = f'<atom:link rel="next" href="{escape(more)}"/>' if more else ""
        items = "\n".join(self._rss_item(post, base) for post in posts)
        return f"""<?xml version="1.0" encoding="{self._options.encoding}"?>
<rss version="2.0" {_SPACES}>
<channel><title>{escape(self._title)}</title><link>{base}/</link>
<description>Новости и мнения читателей</description><language>ru-RU</language>
<atom:link rel="self" type="application/rss+xml" href="{escape(address)}"/>{following}
{items}
</channel></rss>
"""

    def _rss_item(self, post: SitePost, base: str) -> str:
        parts = [
            _tag("title", post.title),
            _tag("link", _link(post, base)),
            _tag("dc:creator", post.author_name),
            _tag("pubDate", post.printed_date or _rfc822(post.date)),
            _tag("atom:updated", iso(post.edited_at)),
            f'<guid isPermaLink="false">{escape(post.native_id)}</guid>',
            self._rss_body(post),
        ]
        if post.reply_to:
            parts.append(f'<thr:in-reply-to ref="{escape(post.reply_to)}"/>')
        return f"<item>{''.join(parts)}</item>"

    def _rss_body(self, post: SitePost) -> str:
        """Old engines put all of it into the description; younger ones a teaser and the whole."""
        html = self._body(post)
        if self._options.encoding != "utf-8":
            return f"<description>{escape(html)}</description>"
        whole = html.replace("]]>", "]]]]><![CDATA[>")
        return (
            f"<description>{escape(escape(shorten(post.text)))}</description>"
            f"<content:encoded><![CDATA[{whole}]]></content:encoded>"
        )

    def _atom(self, posts: Sequence[SitePost], base: str, address: str, more: str | None) -> str:
        following = f'<link rel="next" href="{escape(more)}"/>' if more else ""
        entries = "\n".join(self._atom_entry(post, base) for post in posts)
        return f"""<?xml version="1.0" encoding="{self._options.encoding}"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">
<title>{escape(self._title)}</title><id>{base}/</id><link href="{base}/"/>
<link rel="self" href="{escape(address)}"/>{following}
<updated>{iso(last_change(posts)) or "1970-01-01T00:00:00+00:00"}</updated>
{entries}
</feed>
"""

    def _atom_entry(self, post: SitePost, base: str) -> str:
        published = post.printed_date or iso(post.date)
        author = f"<author>{_tag('name', post.author_name)}</author>" if post.author_name else ""
        reply = f'<thr:in-reply-to ref="{escape(post.reply_to)}"/>' if post.reply_to else ""
        return (
            f"<entry><title>{escape(post.title or '')}</title><id>{escape(post.native_id)}</id>"
            f'<link rel="alternate" href="{escape(_link(post, base))}"/>{author}{reply}'
            f"{_tag('published', published)}{_tag('updated', iso(post.edited_at) or published)}"
            f'<content type="html">{escape(self._body(post))}</content></entry>'
        )

    def _json(self, posts: Sequence[SitePost], base: str, address: str, more: str | None) -> str:
        feed: dict[str, Any] = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self._title,
            "home_page_url": f"{base}/",
            "feed_url": address,
            "items": [self._json_item(post, base) for post in posts],
        }
        return json.dumps(feed | ({"next_url": more} if more else {}), ensure_ascii=False)

    def _json_item(self, post: SitePost, base: str) -> dict[str, Any]:
        item = {
            "id": post.native_id,
            "url": _link(post, base),
            "title": post.title,
            "content_html": self._body(post),
            "date_published": post.printed_date or iso(post.date),
            "date_modified": iso(post.edited_at),
            "authors": [{"name": post.author_name}] if post.author_name else None,
        }
        return {name: value for name, value in item.items() if value is not None}

    def _body(self, post: SitePost) -> str:
        return body(post, broken=self._options.broken_html)

    def _post(self, native_id: str) -> Response | None:
        post = self._shelf.get(native_id)
        if not post:
            return None
        when = f'<time datetime="{iso(post.date)}">{post.date:%d.%m.%Y}</time>' if post.date else ""
        article = f"""<article><h1>{escape(post.title or "")}</h1>
<p class="byline">{escape(post.author_name or "")} {when}</p>{self._body(post)}</article>"""
        return self._html(post.title or self._title, article)

    def _home(self) -> Response:
        links = "\n".join(
            f'<li><a href="/posts/{path_word(post.native_id)}/">{escape(shorten(post.text, 8))}</a>'
            for post in page_of(self._shelf.newest(), 1, self._size)
        )
        return self._html(self._title, f"<ul>{links}</ul>")

    def _html(self, title: str, content: str) -> Response:
        encoding = self._options.encoding
        head = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
        html = page(title, content, head=head, encoding=encoding)
        return Response(200, html, f"text/html; charset={encoding}")


def _with_repeats(posts: list[SitePost]) -> list[SitePost]:
    """Some feeds list an item again further down."""
    repeated = list(posts)
    for at, post in reversed(list(enumerate(posts))):
        if post.twice:
            repeated.insert(at + REPEAT_AFTER, post)
    return repeated


def _link(post: SitePost, base: str) -> str:
    return f"{base}/posts/{path_word(post.native_id)}/{slug(post.title or post.text[:60], 'post')}"


def _tag(name: str, text: str | None) -> str:
    return f"<{name}>{escape(text, quote=False)}</{name}>" if text else ""


def _rfc822(date: datetime | None) -> str | None:
    return format_datetime(date.astimezone(UTC)) if date else None
