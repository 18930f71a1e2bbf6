"""Discourse's search, as far as a watcher uses it: words, phrases, dates, an author, an order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from molva.dev.site.post import SitePost

SHORTEST = 3  # characters of a term, as Discourse has it
_TERM = re.compile(r'"([^"]+)"|(\S+)')
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Search:
    """A query taken apart; Postgres finds words by their beginning, and so does this."""

    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    author: str | None = None
    after: date | None = None
    before: date | None = None
    latest: bool = False

    @classmethod
    def parse(cls, query: str) -> Search:
        phrases, words, options = [], [], {}
        for found in _TERM.finditer(query):
            term = found[2] or ""
            name, _, value = term.partition(":")
            if found[1]:
                phrases.append(found[1].casefold())
            elif name in {"after", "before", "order"} and value:
                options[name] = value
            elif term.startswith("@") and len(term) > 1:
                options["author"] = term[1:].casefold()
            else:
                words += _WORD.findall(term.casefold())
        return cls(
            phrases=tuple(phrases),
            words=tuple(words),
            author=options.get("author"),
            after=_day(options.get("after")),
            before=_day(options.get("before")),
            latest=options.get("order") == "latest",
        )

    @property
    def too_short(self) -> bool:
        terms = [*self.phrases, *self.words]
        return not self.author and all(len(term) < SHORTEST for term in terms)

    def finds(self, post: SitePost, title: str, username: str) -> bool:
        day = (post.date or datetime.min.replace(tzinfo=UTC)).date()
        if (self.after and day < self.after) or (self.before and day >= self.before):
            return False
        if self.author and username.casefold() != self.author:
            return False
        text = f"{title}\n{post.text}".casefold()
        if not all(phrase in text for phrase in self.phrases):
            return False
        present = _WORD.findall(text) if self.words else []
        return all(any(word.startswith(wanted) for word in present) for wanted in self.words)

    def blurb(self, post: SitePost, length: int = 300) -> str:
        """The text around the first find."""
        wanted = next(iter([*self.phrases, *self.words]), "")
        at = max(post.text.casefold().find(wanted), 0)
        start = max(at - length // 3, 0)
        piece = post.text[start : start + length]
        return ("…" if start else "") + piece + ("…" if start + length < len(post.text) else "")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
