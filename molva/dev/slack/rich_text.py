"""Whether Slack would take a rich_text block; its texts are literal and parse no mention.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

from collections.abc import Iterator

from molva.dev.slack.block_parts import Part, complain, count, each_object, length, shape

# Fields and required fields of what a section, a quote or a list item is made of.
INLINE = {
    "text": ("text style", "text"),
    "link": ("url text style unsafe", "url"),
    "emoji": ("name unicode style", "name"),
    "user": ("user_id style", "user_id"),
    "usergroup": ("usergroup_id style", "usergroup_id"),
    "channel": ("channel_id style", "channel_id"),
    "broadcast": ("range style", "range"),
    "color": ("value style", "value"),
    "date": ("timestamp format url fallback style", "timestamp format"),
}
STYLES = "bold italic strike code underline highlight client_highlight unlink"


def check_rich_text(block: Part, at: str) -> Iterator[str]:
    """Sections, lists, quotes and preformatted text, each made of inline elements."""
    yield from _some(block, at)
    for place, element in each_object(block.get("elements"), f"{at}/elements"):
        kind = element.get("type")
        if kind == "rich_text_list":
            yield from _check_list(element, place)
        elif kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
            yield from _check_run(element, place)
        else:
            yield complain(f"{place}/type", f"unsupported type: {kind}")


def _check_list(element: Part, at: str) -> Iterator[str]:
    yield from shape(element, at, "type elements style indent offset border", "elements style")
    if element.get("style") not in ("bullet", "ordered"):
        yield complain(f"{at}/style", "must be bullet or ordered")
    yield from _some(element, at)
    for place, item in each_object(element.get("elements"), f"{at}/elements"):
        if item.get("type") == "rich_text_section":
            yield from _check_run(item, place)
        else:
            yield complain(f"{place}/type", "must be rich_text_section")


def _check_run(element: Part, at: str) -> Iterator[str]:
    extra = {"rich_text_quote": "border", "rich_text_preformatted": "border language"}
    kind = str(element["type"])
    yield from shape(element, at, f"type elements {extra.get(kind, '')}", "elements")
    permitted = ("text", "link") if kind == "rich_text_preformatted" else tuple(INLINE)
    yield from _some(element, at)
    for place, inline in each_object(element.get("elements"), f"{at}/elements"):
        yield from _check_inline(inline, place, permitted)


def _check_inline(inline: Part, at: str, permitted: tuple[str, ...]) -> Iterator[str]:
    kind = inline.get("type")
    if kind not in permitted:
        yield complain(f"{at}/type", f"unsupported type: {kind}")
        return
    fields, required = INLINE[str(kind)]
    yield from shape(inline, at, f"type {fields}", required)
    yield from _check_values(inline, at)
    style = inline.get("style", {})
    if not isinstance(style, dict) or not all(isinstance(on, bool) for on in style.values()):
        yield complain(f"{at}/style", "must be an object of booleans")
    else:
        yield from shape(style, f"{at}/style", STYLES, "")


def _check_values(inline: Part, at: str) -> Iterator[str]:
    for field in ("text", "url", "name", "user_id", "usergroup_id", "channel_id", "value"):
        # Only a link may leave its text empty: it then shows its address.
        least = 0 if inline["type"] == "link" and field == "text" else 1
        if field in inline:
            yield from length(inline[field], f"{at}/{field}", 40_000, least)
    if "range" in inline and inline["range"] not in ("here", "channel", "everyone"):
        yield complain(f"{at}/range", "must be here, channel or everyone")
    if "timestamp" in inline and not isinstance(inline["timestamp"], int):
        yield complain(f"{at}/timestamp", "must be an integer")


def _some(element: Part, at: str) -> Iterator[str]:
    # Slack documents no most here; the limit on all blocks together comes first.
    yield from count(element.get("elements"), f"{at}/elements", 10_000)
