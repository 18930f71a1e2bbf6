"""What came back from a site, before anyone believes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    to_unicode,
)

from mentions.errors import RecordError, TransientError

_DECLARATION = 1_000  # bytes in which an XML declaration ends


class PageError(RecordError):
    """A page that is not what it should be: set aside and counted, the crawl goes on."""


class MendedError(PageError):
    """A page that breaks its format's rules and was read to its end all the same."""


class GoneError(PageError):
    """The site says that there is no such page."""


class ForbiddenError(GoneError):
    """The site asks robots to leave the page alone: for us there is none."""


class SiteDownError(TransientError):
    """The site cannot be reached or cannot answer now. The store is well."""


@dataclass(frozen=True, eq=False)
class Page:
    """One answer. ``broken``: it ended early. ``hint``: what the page that led here said of it."""

    url: str
    body: bytes
    fetched_at: datetime
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    broken: bool = False
    hint: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").lower()

    @cached_property
    def text(self) -> str:
        """The body as text; a wrong declaration costs letters, never the page."""
        told, mark = read_bom(self.body)
        if told and mark:
            return to_unicode(self.body[len(mark) :], told)
        declared = http_content_type_encoding(self.content_type) or self._declared_inside()
        if declared and not (declared == "utf-8" and not _is_utf8(self.body)):
            return to_unicode(self.body, declared)
        # Undeclared, or falsely declared as UTF-8: on the Russian web that is the other one.
        return to_unicode(self.body, "utf-8" if _is_utf8(self.body) else "cp1251")

    @cached_property
    def tree(self) -> Any:
        """The body as a tree of HTML elements. Raises ``PageError``."""
        from lxml.html import HTMLParser, document_fromstring  # type: ignore[import-untyped]

        body = self.text.replace("\x00", "").encode("utf-8", "replace")
        if not body.strip():
            raise PageError("an empty page")
        parser = HTMLParser(recover=True, encoding="utf-8", no_network=True, huge_tree=True)
        try:
            return document_fromstring(body, parser=parser, base_url=self.url)
        except (ValueError, SyntaxError) as error:  # lxml's parser errors are syntax errors
            raise PageError("not HTML") from error

    def json(self) -> Any:
        """The body as JSON. Raises ``PageError``."""
        try:
            declared = http_content_type_encoding(self.content_type)
            return json.loads(self.body.decode(declared) if declared else self.body)
        except (ValueError, LookupError, RecursionError) as error:
            raise PageError("not JSON") from error

    def _declared_inside(self) -> str | None:
        """By the XML declaration, or else by HTML's ``meta``.

        A feed may quote HTML pages, so a ``meta`` inside XML says nothing about the feed.
        """
        head = self.body.lstrip()[:_DECLARATION]
        if head.startswith(b"<?xml"):
            head = head.partition(b"?>")[0] + b"?>"
            return html_body_declared_encoding(head)
        if "xml" in self.content_type or "json" in self.content_type:
            return None
        return html_body_declared_encoding(self.body)


def _is_utf8(body: bytes) -> bool:
    """Whether nearly all of it decodes: a cut can split the last letter, an editor can slip."""
    text = body.decode("utf-8", "replace")
    return text.count("\ufffd") <= 1 + len(text) // 1_000
