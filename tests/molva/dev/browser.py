"""What a browser would make of a page, strictly enough to catch a text that broke out of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "hr", "br", "rect"}
ALLOWED = re.compile(
    r"html|head|meta|title|style|body|nav|h1|h2|small|ul|ol|li|a|span|footer|main|section|header"
    r"|div|p|article|b|i|s|u|bdi|button|blockquote|pre|code|strong|svg|rect|details|summary|hr|br"
)


class Browser(HTMLParser):
    """Reads a page; every tag must close in the order in which it opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def check(self) -> None:
        """Only our own tags, no script in any attribute, nothing from elsewhere."""
        assert all(ALLOWED.fullmatch(tag) for tag in self.seen)
        for name, value in self.attributes:
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "style", "action", "formaction")
            if name == "href":
                assert re.match(r"(#|/\?|https?:|mailto:)", value)
