"""Block Kit as safe HTML, near to how Slack shows it; buttons and menus are shown, and do nothing.

What a stranger wrote only ever passes through ``plain_html`` or ``mrkdwn_html``, which escape it.
Nothing is loaded: an image is its description and the site it would come from.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlsplit

from molva.dev.slack.mrkdwn import link_html, may_open, mrkdwn_html, plain_html
from molva.dev.slack.rich_html import rich_text_html

Part = dict[str, Any]


def blocks_html(blocks: Any) -> str:
    """All blocks of a message."""
    parts = [block for block in _list(blocks) if isinstance(block, dict)]
    return "".join(BLOCKS.get(str(block.get("type")), _unknown)(block) for block in parts)


def text_html(value: Any) -> str:
    """A text object: markup in mrkdwn, every character as it is in plain_text."""
    if not isinstance(value, dict):
        return ""
    text = str(value.get("text") or "")
    if value.get("type") == "mrkdwn":
        return mrkdwn_html(text)
    return plain_html(text, emoji=value.get("emoji") is not False)


def div(kind: str, html: str) -> str:
    """A paragraph of its own, so that no text turns the direction of its neighbours."""
    return f'<div class="{kind}" dir="auto">{html}</div>' if html else ""


def _section(block: Part) -> str:
    text = div("text", text_html(block.get("text")))
    fields = "".join(div("text", text_html(field)) for field in _list(block.get("fields")))
    beside = _element(block["accessory"]) if isinstance(block.get("accessory"), dict) else ""
    grid = f'<div class="fields">{fields}</div>' if fields else ""
    accessory = f'<div class="accessory">{beside}</div>' if beside else ""
    return f'<div class="section"><div>{text}{grid}</div>{accessory}</div>'


def _header(block: Part) -> str:
    return div("header", text_html(block.get("text")))


def _context(block: Part) -> str:
    parts = []
    for element in _list(block.get("elements")):
        is_image = isinstance(element, dict) and element.get("type") == "image"
        parts.append(_image(element) if is_image else f"<bdi>{text_html(element)}</bdi>")
    return f'<div class="context">{"".join(parts)}</div>'


def _actions(block: Part) -> str:
    parts = [_element(one) for one in _list(block.get("elements")) if isinstance(one, dict)]
    return f'<div class="actions">{"".join(parts)}</div>'


def _element(element: Part) -> str:
    kind = element.get("type")
    if kind == "image":
        return _image(element)
    if kind == "overflow":
        return '<button disabled aria-label="menu">⋯</button>'
    if kind != "button":
        label = text_html(element.get("placeholder")) or "…"
        return f'<button disabled><bdi>{label}</bdi> <span class="caret">▾</span></button>'
    style = element.get("style")
    look = f' class="{style}"' if style in ("primary", "danger") else ""
    label = f"<bdi>{text_html(element.get('text'))}</bdi>"
    url = str(element.get("url") or "")
    if url and may_open(url):
        return f'<span class="button-link">{link_html(url, label)}</span>'
    return f"<button disabled{look}>{label}</button>"


def _image(block: Part) -> str:
    title = text_html(block.get("title")) or plain_html(str(block.get("alt_text") or ""))
    try:
        site = urlsplit(str(block.get("image_url") or "")).hostname or ""
    except ValueError:
        site = ""
    return f'<span class="image"><bdi>{title}</bdi> <small>{escape(site)}</small></span>'


def _markdown(block: Part) -> str:
    return div("text", mrkdwn_html(str(block.get("text") or "")))


def _divider(_block: Part) -> str:
    return "<hr>"


def _unknown(block: Part) -> str:
    return div("context", plain_html(f"[{block.get('type')}]"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


BLOCKS: dict[str, Callable[[Part], str]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "markdown": _markdown,
    "divider": _divider,
    "rich_text": rich_text_html,
}
