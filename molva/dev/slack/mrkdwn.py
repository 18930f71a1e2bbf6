"""Slack's text as safe HTML: everything is escaped first, and only then gets its few tags."""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from molva.dev.slack.pings import LITERAL_MENTION, MENTION, mention_name

# Controls cannot be shown; without them, \x01 is free to mark where a finished tag belongs.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
MARK = re.compile(r"\x01(\d+)\x01")
SPECIAL = re.compile(r"<([^<>\n]+)>")
FENCE = re.compile(r"```\n?(.*?)\n?```\n?", re.DOTALL)
CODE = re.compile(r"`([^`\n]{1,500})`")
STYLES = re.compile(
    r"(?<![\w*])\*(?=\S)(?P<b>[^*\n]{1,500})(?<=\S)\*(?![\w*])"
    r"|(?<!\w)_(?=\S)(?P<i>[^_\n]{1,500})(?<=\S)_(?!\w)"
    r"|(?<![\w~])~(?=\S)(?P<s>[^~\n]{1,500})(?<=\S)~(?![\w~])"
)
EMOJI = re.compile(r":([a-z0-9_+-]{1,60}):")


def plain_html(text: str, *, emoji: bool = True) -> str:
    """Text without any markup; only ``:emoji:`` shows as such."""
    safe = escape(CONTROLS.sub("", text))
    return _emojis_in(safe) if emoji else safe


def mrkdwn_html(text: str, *, link_names: bool = False) -> str:
    """Slack's markup: links, mentions, code, quotes, bold, italic, strike, emoji."""
    finished: list[str] = []

    def keep(html: str) -> str:
        finished.append(html)
        return f"\x01{len(finished) - 1}\x01"

    text = CONTROLS.sub("", text)
    text = MENTION.sub(lambda found: keep(ping_html(mention_name(found))), text)
    text = SPECIAL.sub(lambda found: keep(_special(found[1])), text)
    text = escape(_unescape(text))
    if link_names:
        text = LITERAL_MENTION.sub(lambda found: keep(ping_html(found[0])), text)
    text = FENCE.sub(lambda found: keep(f"<pre>{found[1]}</pre>"), text)
    text = CODE.sub(lambda found: keep(f"<code>{found[1]}</code>"), text)
    return _put_back(_emojis_in(_quotes(text)), finished)


def ping_html(name: str) -> str:
    """A mention that takes effect; made to be noticed."""
    return f'<strong class="ping">{escape(name)}</strong>'


def link_html(url: str, label: str = "") -> str:
    """A link, if its address is one that may be opened; ``label`` is HTML already."""
    shown = label or escape(url)
    if not may_open(url):
        return shown
    return (
        f'<a href="{escape(url)}" title="{escape(url)}" target="_blank" '
        f'rel="noopener noreferrer nofollow">{shown}</a>'
    )


def may_open(url: str) -> bool:
    """Whether a click on it leads to a page or a letter, and never to a script."""
    try:
        return urlsplit(url.strip()).scheme.lower() in ("http", "https", "mailto")
    except ValueError:
        return False


def emoji_text(name: str) -> str:
    """The character of an emoji's name, or the name between colons if it is not known here."""
    return _emojis().get(name, f":{name}:")


def _special(inside: str) -> str:
    """What stands between < and > and is no mention; a mention inside is a mark by now."""
    target, _, label = inside.partition("|")
    shown = _emojis_in(escape(_unescape(label)))
    if target.startswith("#"):
        return f'<span class="channel-link">#{shown or escape(target[1:])}</span>'
    if target.startswith("!"):
        return shown or escape(inside)  # dates, and what Slack may invent
    if "\x01" in target or not may_open(_unescape(target)):
        return escape(_unescape(f"<{inside}>"))  # a mark must not get into an address
    return link_html(_unescape(target), shown)


def _quotes(text: str) -> str:
    """Lines that begin with ``>`` become quotes; ``text`` is escaped already."""
    html: list[str] = []
    quoted: list[str] = []
    for line in text.split("\n"):
        if line.startswith("&gt;"):
            quoted.append(_styles(line.removeprefix("&gt;").removeprefix(" ")))
            continue
        html += _quote(quoted)
        html.append(_styles(line))
    html += _quote(quoted)
    return "\n".join(html).replace("</blockquote>\n", "</blockquote>")


def _quote(lines: list[str]) -> list[str]:
    quote = ["<blockquote>" + "\n".join(lines) + "</blockquote>"] if lines else []
    lines.clear()
    return quote


def _styles(text: str, depth: int = 3) -> str:
    """Bold, italic and strike, one inside another; each tag encloses only whole ones."""

    def styled(found: re.Match[str]) -> str:
        tag = str(found.lastgroup)
        return f"<{tag}>{_styles(found[tag], depth - 1)}</{tag}>"

    return STYLES.sub(styled, text) if depth else text


def _put_back(text: str, finished: list[str]) -> str:
    """Marks become the tags they stand for; code and links may hold marks themselves."""
    for _ in range(3):
        text = MARK.sub(lambda found: finished[int(found[1])], text)
    return text


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _emojis_in(safe: str) -> str:
    return EMOJI.sub(lambda found: escape(emoji_text(found[1])), safe)


@cache
def _emojis() -> dict[str, str]:
    text = Path(__file__).with_name("emoji.json").read_text(encoding="utf-8")
    emojis: dict[str, str] = json.loads(text)
    return emojis
