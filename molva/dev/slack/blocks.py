"""Whether Slack would take these blocks: the documented limits of Block Kit, as complaints.

https://docs.slack.dev/reference/block-kit says the limits; lengths are counted in code points. A
complaint reads like Slack's own, with the place as a JSON pointer. Block types that Molva has no
use for (video, table, input ...) are refused, so that nothing passes here unchecked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from molva.dev.slack.block_parts import (
    check_element,
    check_image,
    check_text,
    complain,
    count,
    each_object,
    length,
    shape,
)
from molva.dev.slack.rich_text import check_rich_text

MAX_BLOCKS = 50
# Not documented: measured by users at about this many characters of JSON (bolt-js issue 2509).
MAX_BLOCKS_LENGTH = 13_200
MAX_MARKDOWN = 12_000

Block = dict[str, Any]


def check_blocks(blocks: list[Block], at: str = "/blocks") -> list[str]:
    """What is wrong with the blocks of one message; empty when Slack would show them."""
    if len(blocks) > MAX_BLOCKS:
        return [complain(at, f"no more than {MAX_BLOCKS} items allowed")]
    found: list[str] = []
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        found += _check_block(block, f"{at}/{number}")
        found += _check_id(block, f"{at}/{number}", seen)
    markdown = [block.get("text") for block in blocks if block.get("type") == "markdown"]
    if sum(len(text) for text in markdown if isinstance(text, str)) > MAX_MARKDOWN:
        found.append(complain(at, f"no more than {MAX_MARKDOWN} characters of markdown allowed"))
    return found


def blocks_too_long(blocks: list[Block]) -> bool:
    """Whether all blocks together pass the limit that Slack enforces without documenting it."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MAX_BLOCKS_LENGTH


def _check_block(block: Block, at: str) -> Iterator[str]:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in CHECKS:
        yield complain(f"{at}/type", f"unsupported type: {kind}")
        return
    fields, required, check = CHECKS[kind]
    yield from shape(block, at, f"type block_id {fields}", required)
    yield from check(block, at)


def _check_id(block: Block, at: str, seen: set[str]) -> Iterator[str]:
    if "block_id" not in block:
        return
    block_id = block["block_id"]
    yield from length(block_id, f"{at}/block_id", 255)
    if isinstance(block_id, str):
        if block_id in seen:
            yield complain(f"{at}/block_id", "must be unique in the message")
        seen.add(block_id)


def _check_section(block: Block, at: str) -> Iterator[str]:
    if "text" not in block and not block.get("fields"):
        yield complain(at, "must provide text or fields")
    if "text" in block:
        yield from check_text(block["text"], f"{at}/text", 3000)
    if "fields" in block:
        yield from count(block["fields"], f"{at}/fields", 10)
    for place, field in each_object(block.get("fields"), f"{at}/fields"):
        yield from check_text(field, place, 2000)
    if "accessory" in block:
        yield from check_element(block["accessory"], f"{at}/accessory")


def _check_header(block: Block, at: str) -> Iterator[str]:
    yield from check_text(block.get("text"), f"{at}/text", 150, plain=True)


def _check_context(block: Block, at: str) -> Iterator[str]:
    yield from count(block.get("elements"), f"{at}/elements", 10)
    for place, element in each_object(block.get("elements"), f"{at}/elements"):
        if element.get("type") == "image":
            yield from check_image(element, place)
        else:
            yield from check_text(element, place, 3000)


def _check_actions(block: Block, at: str) -> Iterator[str]:
    yield from count(block.get("elements"), f"{at}/elements", 25)
    seen: set[str] = set()
    for place, element in each_object(block.get("elements"), f"{at}/elements"):
        yield from check_element(element, place)
        action = element.get("action_id")
        if isinstance(action, str):
            if action in seen:
                yield complain(f"{place}/action_id", "must be unique in its block")
            seen.add(action)


def _check_image(block: Block, at: str) -> Iterator[str]:
    yield from check_image({key: block[key] for key in block if key != "title"}, at)
    if "title" in block:
        yield from check_text(block["title"], f"{at}/title", 2000, plain=True)


def _check_markdown(block: Block, at: str) -> Iterator[str]:
    yield from length(block.get("text"), f"{at}/text", MAX_MARKDOWN)


def _check_divider(_block: Block, _at: str) -> Iterator[str]:
    yield from ()


CHECKS: dict[str, tuple[str, str, Callable[[Block, str], Iterator[str]]]] = {
    "section": ("text fields accessory expand", "", _check_section),
    "header": ("text", "text", _check_header),
    "context": ("elements", "elements", _check_context),
    "actions": ("elements", "elements", _check_actions),
    "image": ("image_url alt_text title", "", _check_image),
    "markdown": ("text", "text", _check_markdown),
    "divider": ("", "", _check_divider),
    "rich_text": ("elements", "elements", check_rich_text),
}
