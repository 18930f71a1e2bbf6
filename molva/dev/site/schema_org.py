"""A site of reviews: list pages and a page for each, marked up with schema.org."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from molva.dev.site.http import Request, Response
from molva.dev.site.markup import body, iso, page, path_word, shorten
from molva.dev.site.options import Listing, Markup, Scale, SiteOptions
from molva.dev.site.post import SitePost
from molva.dev.site.shelf import Shelf, last_change, page_of

_SCALES = {Scale.FIVE: (1, 5), Scale.BARE: (1, 5), Scale.TEN: (0, 10)}


class ReviewPages:
    """Answers of a site that lists reviews newest first."""

    def __init__(self, shelf: Shelf, options: SiteOptions) -> None:
        self._shelf = shelf
        self._options = options
        self._title = options.title or "Книга отзывов"
        self._size = options.page_size or 25

    def answer(self, request: Request) -> Response | None:
        match request.words:
            case [""] | ["reviews"]:
                return self._list(request)
            case ["review", native_id]:
                return self._detail(request, native_id)
            case ["sitemap.xml"]:
                return self._sitemap(request)
        return None

    def _list(self, request: Request) -> Response | None:
        number = request.number("page", 1)
        posts = self._shelf.newest()
        shown = page_of(posts, number, self._size)
        if not shown and number != 1:
            return None
        more = number * self._size < len(posts)
        following = f"/reviews/?page={number + 1}"
        head = f'<link rel="canonical" href="{request.base}/reviews/?page={number}">'
        pager = f'<a class="pager-item" href="/reviews/?page={max(number - 1, 1)}">‹</a>'
        if more:
            head += f'<link rel="next" href="{following}">'
            pager += f'<a class="pager-item next" rel="next" href="{following}">›</a>'
        content = self._reviews(shown, request.base, jsonld=self._in_jsonld(number))
        return self._html(f"{content}<nav class=pager>{pager}</nav>", head, posts=shown)

    def _reviews(self, posts: Sequence[SitePost], base: str, *, jsonld: bool) -> str:
        if self._options.listing is Listing.TEASER:
            links = "\n".join(self._teaser(post) for post in posts)
            return (_script(_item_list(posts, base)) if jsonld else "") + f"<ul>{links}</ul>"
        if not jsonld:
            return "\n".join(self._microdata(post, base) for post in posts)
        reviews = [self._jsonld(post, base) for post in posts]
        whole = {"@context": "https://schema.org", "@graph": reviews}
        links = "\n".join(self._teaser(post) for post in posts)
        return f"{_script(whole, ascii_only=self._ascii_only)}<ul>{links}</ul>"

    def _detail(self, request: Request, native_id: str) -> Response | None:
        post = self._shelf.get(native_id)
        if not post:
            return None
        head = f'<link rel="canonical" href="{_link(post, request.base)}">'
        if self._in_jsonld(self._shelf.numbers[native_id]):
            review = {"@context": "https://schema.org"} | self._jsonld(post, request.base)
            content = f"<h1>{escape(post.title or '')}</h1>{body(post)}"
            head += _script(review, ascii_only=self._ascii_only)
        else:
            content = self._microdata(post, request.base)
        return self._html(content, head, posts=[post])

    def _in_jsonld(self, number: int) -> bool:
        markup = self._options.markup
        return number % 2 == 1 if markup is Markup.ALTERNATE else markup is Markup.JSONLD

    @property
    def _ascii_only(self) -> bool:
        """Character references mean nothing inside a script."""
        return self._options.encoding != "utf-8"

    def _jsonld(self, post: SitePost, base: str) -> dict[str, Any]:
        link = _link(post, base)
        author = {"@type": "Person", "name": post.author_name, "url": _author_link(post, base)}
        review = {
            "@type": "Review",
            "@id": f"{link}#review",
            "url": link,
            "name": post.title,
            "author": author if post.author_name else None,
            "datePublished": post.printed_date or iso(post.date),
            "dateModified": iso(post.edited_at),
            "reviewRating": self._rating(post),
            "reviewBody": post.text,
            "itemReviewed": {"@type": "Organization", "name": self._about(post)},
            "interactionStatistic": _views(post),
        }
        return {name: value for name, value in review.items() if value is not None}

    def _rating(self, post: SitePost) -> dict[str, str] | None:
        if post.rating is None:
            return None
        worst, best = _SCALES[self._options.scale]
        rating = {"@type": "Rating", "ratingValue": f"{worst + post.rating * (best - worst):g}"}
        if self._options.scale is not Scale.BARE:
            rating |= {"bestRating": str(best), "worstRating": str(worst)}
        return rating

    def _microdata(self, post: SitePost, base: str) -> str:
        link = _link(post, base)
        date = post.printed_date or iso(post.date)
        parts = [
            f'<div class="item" data-id="{escape(post.native_id)}" itemprop="review" itemscope '
            f'itemtype="https://schema.org/Review" itemid="{link}#review">',
            f'<link itemprop="url" href="{link}">',
            '<div itemprop="itemReviewed" itemscope itemtype="https://schema.org/Organization">'
            f'<meta itemprop="name" content="{escape(self._about(post))}"></div>',
            _microdata_author(post),
            self._microdata_rating(post),
            f'<meta itemprop="datePublished" content="{escape(date)}"><i>{escape(date[:10])}</i>'
            if date
            else "",
            f'<meta itemprop="dateModified" content="{iso(post.edited_at)}">'
            if post.edited_at
            else "",
            _microdata_views(post),
            f'<h3 itemprop="name">{escape(post.title)}</h3>' if post.title else "",
            f'<div class="review-body" itemprop="reviewBody">{self._body(post)}</div>',
            f'<a class="review-btn review-read-link" href="{link}">Читать отзыв</a></div>',
        ]
        return "".join(parts)

    def _microdata_rating(self, post: SitePost) -> str:
        rating = self._rating(post) or {}
        metas = "".join(
            f'<meta itemprop="{name}" content="{value}">'
            for name, value in rating.items()
            if name != "@type"
        )
        if not metas:
            return ""
        scope = 'itemscope itemtype="https://schema.org/Rating"'
        return f'<span itemprop="reviewRating" {scope}>{metas}</span>'

    def _body(self, post: SitePost) -> str:
        return body(post, broken=self._options.broken_html)

    def _about(self, post: SitePost) -> str:
        return post.about or self._options.about or self._title

    def _teaser(self, post: SitePost) -> str:
        return (
            f'<li><a class="review-title" href="/review/{path_word(post.native_id)}">'
            f"{escape(post.title or shorten(post.text, 6))}</a> "
            f'<span class="review-teaser">{escape(shorten(post.text, 20))}</span></li>'
        )

    def _sitemap(self, request: Request) -> Response:
        entries = "\n".join(
            f"<url><loc>{_link(post, request.base)}</loc>{_lastmod(post)}</url>"
            for post in self._shelf.newest()
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}\n</urlset>\n'
        )
        return Response(200, text.encode(), "application/xml; charset=utf-8")

    def _html(self, content: str, head: str, *, posts: Sequence[SitePost]) -> Response:
        encoding = self._options.encoding
        return Response(
            200,
            page(self._title, content, head=head, encoding=encoding),
            f"text/html; charset={encoding}",
            changed=last_change(posts),
            shown=tuple(post.native_id for post in posts),
        )


def _item_list(posts: Sequence[SitePost], base: str) -> dict[str, Any]:
    elements = [
        {"@type": "ListItem", "position": at, "url": _link(post, base)}
        for at, post in enumerate(posts, 1)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "itemListElement": elements,
    }


def _script(data: dict[str, Any], *, ascii_only: bool = True) -> str:
    """JSON inside HTML: what strangers wrote must not end the script."""
    text = json.dumps(data, ensure_ascii=ascii_only).replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def _link(post: SitePost, base: str) -> str:
    return f"{base}/review/{path_word(post.native_id)}"


def _author_link(post: SitePost, base: str) -> str | None:
    name = post.author_id or post.author_name
    return f"{base}/profile/{path_word(name)}" if name else None


def _microdata_author(post: SitePost) -> str:
    if not post.author_name:
        return '<span class="anonymous">Гость</span>'
    return (
        '<span itemprop="author" itemscope itemtype="https://schema.org/Person">'
        f'<a itemprop="url" class="user-login" href="{_author_link(post, "")}">'
        f'<span itemprop="name">{escape(post.author_name)}</span></a></span>'
    )


def _microdata_views(post: SitePost) -> str:
    if post.reach is None:
        return ""
    return (
        '<span itemprop="interactionStatistic" itemscope '
        'itemtype="https://schema.org/InteractionCounter">'
        '<meta itemprop="interactionType" content="https://schema.org/ViewAction">'
        f'<meta itemprop="userInteractionCount" content="{post.reach}"></span>'
    )


def _views(post: SitePost) -> dict[str, Any] | None:
    if post.reach is None:
        return None
    return {
        "@type": "InteractionCounter",
        "interactionType": "https://schema.org/ViewAction",
        "userInteractionCount": post.reach,
    }


def _lastmod(post: SitePost) -> str:
    date = post.edited_at or post.date
    return f"<lastmod>{iso(date)}</lastmod>" if date else ""
