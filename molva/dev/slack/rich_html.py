"""A rich_text block as safe HTML. Its texts are literal: only its own elements mention anybody."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from molva.dev.slack.mrkdwn import emoji_text, link_html, ping_html, plain_html
from molva.dev.slack.pings import rich_mention

Part = dict[str, Any]

TAGS = {"bold": "b", "italic": "i", "strike": "s", "underline": "u", "code": "code"}
MAX_INDENT = 8


def rich_text_html(block: Part) -> str:
    """The whole block."""
    return f'<div class="rich">{"".join(_element(one) for one in _parts(block))}</div>'


def _element(element: Part) -> str:
    kind = element.get("type")
    if kind == "rich_text_list":
        return _list(element)
    inner = "".join(_inline(one) for one in _parts(element))
    if kind == "rich_text_quote":
        return f'<blockquote dir="auto">{inner}</blockquote>'
    if kind == "rich_text_preformatted":
        return f'<pre dir="auto">{inner}</pre>'
    return f'<div class="text" dir="auto">{inner}</div>'


def _list(element: Part) -> str:
    tag = "ol" if element.get("style") == "ordered" else "ul"
    indent = element.get("indent")
    depth = min(indent, MAX_INDENT) if isinstance(indent, int) and indent > 0 else 0
    items = "".join(f'<li dir="auto">{_run(item)}</li>' for item in _parts(element))
    return f'<{tag} class="indent-{depth}">{items}</{tag}>'


def _run(item: Part) -> str:
    return "".join(_inline(one) for one in _parts(item))


def _inline(element: Part) -> str:
    html = INLINE.get(str(element.get("type")), _text)(element)
    style = element.get("style")
    for name, tag in TAGS.items():
        if isinstance(style, dict) and style.get(name) is True:
            html = f"<{tag}>{html}</{tag}>"
    return html


def _text(element: Part) -> str:
    return plain_html(str(element.get("text") or ""), emoji=False)


def _link(element: Part) -> str:
    return link_html(str(element.get("url") or ""), _text(element))


def _emoji(element: Part) -> str:
    try:
        points = [int(point, 16) for point in str(element["unicode"]).split("-")]
        return escape("".join(map(chr, points)).encode("utf-8", "ignore").decode())
    except (KeyError, ValueError, OverflowError):
        return escape(emoji_text(str(element.get("name"))))


def _mention(element: Part) -> str:
    return ping_html(rich_mention(element))


def _channel(element: Part) -> str:
    return f'<span class="channel-link">#{escape(str(element.get("channel_id")))}</span>'


def _date(element: Part) -> str:
    return plain_html(str(element.get("fallback") or element.get("timestamp")))


def _color(element: Part) -> str:
    return plain_html(str(element.get("value")))


def _parts(element: Part) -> list[Part]:
    values = element.get("elements")
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


INLINE: dict[str, Callable[[Part], str]] = {
    "text": _text,
    "link": _link,
    "emoji": _emoji,
    "user": _mention,
    "usergroup": _mention,
    "broadcast": _mention,
    "channel": _channel,
    "date": _date,
    "color": _color,
}
