"""From a stranger's markup to what a person reads."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from lxml.html import HTMLParser  # type: ignore[import-untyped]

from mentions.text import clean

# html-text would put a space at every inline tag, and "<b>Ро</b>машка" would no longer match.
_BLOCK = re.compile(
    "address|article|aside|caption|center|dd|details|dialog|div|dt|fieldset|figcaption|footer|form|"
    "header|hr|legend|li|main|nav|option|section|summary|table|tbody|tfoot|thead|tr"
)
_PARAGRAPH = re.compile("blockquote|dl|figure|h[1-6]|ol|p|pre|ul")
_UNREAD = re.compile("script|style|template|noscript|head|iframe|object|select|svg|math")
_PICTURES = "descendant-or-self::*[self::img or self::picture or self::video or self::audio]"
_QUOTES = frozenset({"quote", "bbCodeBlock--quote", "quotetitle", "quotecontent", "gmail_quote"})
_PICTURE = "🖼"  # stands for a post that has no words; no letter, so that no language claims it
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
# Where a block begins or ends, and where a paragraph does; neither can stand in a text.
_EDGE, _GAP = "\x01", "\x02"
_BREAKS = re.compile(r" *[\n\x01\x02][ \n\x01\x02]*")
_CONTROL = re.compile(r"[\x00-\x08]")
_TAG = re.compile(r"</?[a-z!][^<>]*>", re.I)
_LAID_OUT = re.compile(r"<(p|br|div|li|tr|h[1-6])\b", re.I)
_BBCODE_QUOTE = re.compile(r"\[quote\b[^\]]*\](?:(?!\[quote\b).)*?\[/quote\]", re.I | re.S)
_MARKDOWN_QUOTE = re.compile(r"^[ \t]*>.*$", re.M)


def plain(html: str, *, quotes: bool = True) -> str:
    """The words of a piece of HTML with its lines; without quoted ones where ``quotes`` is off.

    A post that is nothing but a quote keeps it, and one that is only a picture says so: what has
    no text at all could not be stored.
    """
    if "<" not in html and "&" not in html:
        return clean(html)
    root = _parse(html)
    if root is None:
        return clean(unescape(_TAG.sub(" ", html)))
    text = _read(root, quotes=quotes) or _read(root, quotes=True)
    if not text:
        pictures = root.xpath(_PICTURES)
        text = _PICTURE if pictures else clean(unescape(_TAG.sub(" ", html)))
    return text


def from_either(text: str) -> str:
    """What may be HTML or not, as in JSON-LD: markup goes, and so do entities; lines stay."""
    if not _TAG.search(text):
        return clean(unescape(text))
    return plain(text if _LAID_OUT.search(text) else text.replace("\n", "<br>"))


def without_quotes(markdown: str) -> str:
    """Markdown or BBCode without what the author cites; whole if nothing else is in it."""
    text, before = markdown, ""
    while text != before:  # innermost first: quotes nest
        before, text = text, _BBCODE_QUOTE.sub("", text)
    return clean(_MARKDOWN_QUOTE.sub("", text)) or clean(markdown)


def _parse(html: str) -> Any:
    # A tree may be 2,048 deep: unclosed tags of broken markup nest.
    parser = HTMLParser(recover=True, encoding="utf-8", no_network=True, huge_tree=True)
    body = _CONTROL.sub("", html).encode("utf-8", "replace")
    return etree.fromstring(body, parser=parser)


def _read(root: Any, *, quotes: bool) -> str:
    parts: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if event == "start":
            if _UNREAD.fullmatch(element.tag) or (not quotes and _is_quote(element)):
                walk.skip_subtree()
                continue
            parts.append(_break(element.tag))
            parts.append(_own_text(element))
        elif event == "end" and element.tag != "br":
            parts.append(_break(element.tag))
        if event != "start":
            parts.append(_SPACES.sub(" ", element.tail or ""))
    return _tidy("".join(parts))


def _own_text(element: Any) -> str:
    if element.tag == "img":
        # Forums draw their emoji as pictures whose alternative text is the emoji.
        return (element.get("alt") or "") if "emoji" in (element.get("class") or "") else ""
    if element.tag in ("pre", "textarea"):
        return element.text or ""
    return _SPACES.sub(" ", element.text or "")


def _break(tag: str) -> str:
    if tag == "br":
        return "\n"
    if _PARAGRAPH.fullmatch(tag):
        return _GAP
    return _EDGE if _BLOCK.fullmatch(tag) else " " if tag in ("td", "th") else ""


def _is_quote(element: Any) -> bool:
    classes = (element.get("class") or "").split()
    return element.tag == "blockquote" or not _QUOTES.isdisjoint(classes)


def _tidy(text: str) -> str:
    return clean(_BREAKS.sub(_lines, re.sub(" {2,}", " ", text)))


def _lines(found: re.Match[str]) -> str:
    return "\n\n" if _GAP in found[0] or found[0].count("\n") > 1 else "\n"
