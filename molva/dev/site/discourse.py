"""A Discourse forum's JSON: the firehose, search, topics and single posts."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from molva.dev.site.discourse_json import Records
from molva.dev.site.discourse_web import WebPages
from molva.dev.site.http import Request, Response
from molva.dev.site.options import Before, SiteOptions
from molva.dev.site.post import SitePost
from molva.dev.site.search import Search
from molva.dev.site.shelf import Shelf, page_of
from molva.dev.site.topics import Topic, Topics

LAST_SEARCH_PAGE = 10
STREAM_START = 20  # posts that a topic comes with; the rest by their ids
TOPICS_A_PAGE = 30
_ID = r"(?P<id>\d{1,18})"
Route = Callable[[Request, int], Response | None]


class DiscoursePages:
    """Answers of a forum whose posts are numbered."""

    def __init__(self, shelf: Shelf, options: SiteOptions) -> None:
        oldest_first = list(reversed(shelf.newest_of_all()))
        self._shelf = shelf
        self._size = options.page_size or 50
        self._before = options.before
        self._topics = Topics(oldest_first)
        self._records = Records(shelf, self._topics, options)
        self._web = WebPages(self._topics, self._records, options)
        self._found: dict[str, list[SitePost]] = {}
        self._id_of = {number: native_id for native_id, number in shelf.numbers.items()}
        self._settled = self._by_number(oldest_first) if not shelf.changing else None
        self._routes: list[tuple[re.Pattern[str], Route]] = [
            (re.compile(r"/posts\.json"), self._firehose),
            (re.compile(r"/search\.json"), self._search),
            (re.compile(r"/latest\.json"), self._latest),
            (re.compile(r"/posts\.rss"), self._rss),
            (re.compile(rf"/posts/{_ID}\.json"), self._single),
            (re.compile(rf"/posts/by_number/{_ID}/\d+\.json"), self._placed),
            (re.compile(rf"/t/{_ID}/posts\.json"), self._chosen),
            (re.compile(rf"/t/(?:[^/]+/)?{_ID}\.json"), self._topic_json),
            (re.compile(rf"/t/[^/]+/{_ID}(?:/\d+)?"), self._topic_page),
            (re.compile(r"(?:/latest)?"), self._home),
        ]

    def answer(self, request: Request) -> Response | None:
        for pattern, method in self._routes:
            if found := pattern.fullmatch(request.path.rstrip("/")):
                return method(request, int(found["id"]) if "id" in pattern.groupindex else 0)
        return None

    def _posts(self) -> list[SitePost]:
        """Visible posts, highest id first."""
        return self._by_number(self._shelf.newest()) if self._settled is None else self._settled

    def _by_number(self, posts: Iterable[SitePost]) -> list[SitePost]:
        numbers = self._shelf.numbers
        return sorted(posts, key=lambda post: -numbers[post.native_id])

    def _firehose(self, request: Request, _: int) -> Response:
        shown = self._page_before(request.number("before", 0))
        return _json({"latest_posts": [self._records.post(post) for post in shown]}, shown)

    def _page_before(self, before: int) -> list[SitePost]:
        numbers = self._shelf.numbers
        posts = self._posts()
        if not before:
            return posts[: self._size]
        if self._before is Before.WINDOW:
            window = range(before - self._size + 1, before + 1)
            return [post for post in posts if numbers[post.native_id] in window]
        start = bisect_right(posts, -before, key=lambda post: -numbers[post.native_id])
        return posts[start : start + self._size]

    def _search(self, request: Request, _: int) -> Response:
        query, number = request.one("q"), request.number("page", 1)
        if number > LAST_SEARCH_PAGE:
            return _refused(400, "page parameter must not be greater than 10")
        search = Search.parse(query)
        if search.too_short:
            return _refused(400, "Search term is too short.")
        found = self._find(query, search)
        shown = page_of(found, number, self._size)
        more = number * self._size < len(found)
        return _json(self._results(query, search, shown, more=more), shown)

    def _find(self, query: str, search: Search) -> list[SitePost]:
        """Newest first, or by what passes for relevance; kept, as readers turn pages."""
        if query in self._found:
            return self._found[query]
        found = [
            post
            for post in self._posts()
            if search.finds(
                post, self._topics.of(post.native_id).title, self._records.username(post)
            )
        ]
        if not search.latest:
            found.sort(key=lambda post: len(post.text))
        if self._settled is not None:
            self._found[query] = found
        return found

    def _results(
        self, query: str, search: Search, shown: Sequence[SitePost], *, more: bool
    ) -> dict[str, Any]:
        topics = {t.id: t for t in (self._topics.of(post.native_id) for post in shown)}
        return {
            "posts": [self._records.hit(post, search.blurb(post)) for post in shown],
            "topics": [self._records.topic(topic, None) for topic in topics.values()],
            "users": [],
            "categories": [],
            "tags": [],
            "groups": [],
            "grouped_search_result": {
                "more_posts": None,
                "more_users": None,
                "more_categories": None,
                "term": query,
                "search_log_id": 1,
                "more_full_page_results": True if more else None,
                "can_create_topic": False,
                "error": None,
                "post_ids": [self._shelf.numbers[post.native_id] for post in shown],
                "user_ids": [],
                "category_ids": [],
                "tag_ids": [],
                "group_ids": [],
            },
        }

    def _latest(self, request: Request, _: int) -> Response:
        page = request.number("page", 0)  # this list counts from 0
        newest: dict[int, SitePost] = {}
        for post in self._posts():
            newest.setdefault(self._topics.of(post.native_id).id, post)
        chosen = list(newest.items())[page * TOPICS_A_PAGE : (page + 1) * TOPICS_A_PAGE]
        entries = [self._records.topic(self._topics.by_id[id_], p.date) for id_, p in chosen]
        listing: dict[str, Any] = {"per_page": TOPICS_A_PAGE, "topics": entries}
        if (page + 1) * TOPICS_A_PAGE < len(newest):
            listing["more_topics_url"] = f"/latest?no_definitions=true&page={page + 1}"
        return _json({"users": [], "topic_list": listing})

    def _single(self, _: Request, number: int) -> Response | None:
        post = self._shelf.get(self._id_of.get(number, ""))
        return _json(self._records.post(post), [post]) if post else None

    def _placed(self, request: Request, number: int) -> Response | None:
        """A post by its topic and its place there, which is what its address says."""
        topic = self._topics.by_id.get(number)
        place = int(request.words[-1].removesuffix(".json"))
        if not topic or not 0 < place <= len(topic.members):
            return None
        post = self._shelf.get(topic.members[place - 1])
        return _json(self._records.post(post), [post]) if post else None

    def _topic_json(self, _: Request, number: int) -> Response | None:
        topic = self._topics.by_id.get(number)
        if not topic:
            return None
        posts = self._members(topic)
        shown = posts[:STREAM_START]
        stream = {
            "posts": [self._records.post(post) for post in shown],
            "stream": [self._shelf.numbers[post.native_id] for post in posts],
        }
        entry = self._records.topic(topic, posts[-1].date if posts else None)
        return _json({"post_stream": stream} | entry, shown)

    def _chosen(self, request: Request, number: int) -> Response | None:
        """More posts of a topic, by the ids that its stream gave."""
        topic = self._topics.by_id.get(number)
        if not topic:
            return None
        wanted = set(request.query.get("post_ids[]", []))
        numbers = self._shelf.numbers
        shown = [p for p in self._members(topic) if str(numbers[p.native_id]) in wanted]
        stream = {"posts": [self._records.post(post) for post in shown]}
        return _json({"post_stream": stream, "id": topic.id}, shown)

    def _topic_page(self, _: Request, number: int) -> Response | None:
        topic = self._topics.by_id.get(number)
        return self._web.topic(topic, self._members(topic)) if topic else None

    def _home(self, _: Request, __: int) -> Response:
        return self._web.home(self._page_before(0))

    def _rss(self, request: Request, _: int) -> Response:
        return self._web.rss(self._page_before(0), request.base)

    def _members(self, topic: Topic) -> list[SitePost]:
        found = (self._shelf.get(native_id) for native_id in topic.members)
        return [post for post in found if post]


def _json(data: dict[str, Any], shown: Sequence[SitePost] = ()) -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(
        200,
        text.encode("utf-8", "replace"),
        "application/json; charset=utf-8",
        shown=tuple(post.native_id for post in shown),
    )


def _refused(status: int, reason: str) -> Response:
    data = {"errors": [reason], "error_type": "invalid_parameters"}
    return Response(status, json.dumps(data).encode(), "application/json; charset=utf-8")
