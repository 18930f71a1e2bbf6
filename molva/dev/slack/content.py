"""What a message says, checked as Slack checks it before it takes a post or an edit."""

from __future__ import annotations

import json
from typing import Any

from molva.dev.slack.args import Args, Refusal, json_arg, objects_arg, text_arg
from molva.dev.slack.blocks import blocks_too_long, check_blocks

# A post is cut here without an error; an edit that long is refused.
MAX_TEXT = 40_000
MAX_UPDATE_TEXT = 4_000
MAX_ATTACHMENTS = 100
# Slack documents the error but no size; ours is a guess on the generous side.
MAX_METADATA = 16_384

Content = dict[str, Any]


def read_content(args: Args, *, update: bool = False) -> Content:
    """The fields of a message that the call gives; for an edit only those that change."""
    content: Content = {}
    text = text_arg(args, "text")
    if text is not None:
        if update and len(text) > MAX_UPDATE_TEXT:
            raise Refusal("msg_too_long")
        content["text"] = text[:MAX_TEXT]
    blocks = objects_arg(args, "blocks", "invalid_blocks_format")
    if blocks is not None:
        _refuse_blocks(blocks, "/blocks")
        content["blocks"] = _with_ids(blocks)
    attachments = objects_arg(args, "attachments", "invalid_attachments")
    if attachments is not None:
        _check_attachments(attachments)
        content["attachments"] = attachments
    metadata = json_arg(args, "metadata", "invalid_metadata_format")
    if metadata is not None:
        content["metadata"] = _check_metadata(metadata, update=update)
    shown = any(content.get(key) for key in ("text", "blocks", "attachments"))
    if not shown and not (update and content):
        raise Refusal("no_text")
    return content


def _refuse_blocks(blocks: list[dict[str, Any]], at: str) -> None:
    problems = check_blocks(blocks, at)
    if problems:
        raise Refusal("invalid_blocks", *(f"[ERROR] {problem}" for problem in problems[:20]))
    if blocks_too_long(blocks):
        raise Refusal("msg_blocks_too_long")


def _check_attachments(attachments: list[dict[str, Any]]) -> None:
    if len(attachments) > MAX_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    for number, attachment in enumerate(attachments):
        blocks = objects_arg(attachment, "blocks", "invalid_blocks_format")
        if blocks:
            _refuse_blocks(blocks, f"/attachments/{number}/blocks")


def _check_metadata(metadata: Any, *, update: bool) -> dict[str, Any] | None:
    if not isinstance(metadata, dict):
        raise Refusal("invalid_metadata_format")
    if update and not metadata:
        return None
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise Refusal("invalid_metadata_schema")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA:
        raise Refusal("metadata_too_large")
    return {"event_type": event_type, "event_payload": payload}


def _with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Blocks and their controls as Slack gives them back: those without an id have got one."""
    named = [{"block_id": f"b{number}", **block} for number, block in enumerate(blocks)]
    for block in named:
        if block["type"] == "actions":
            elements = enumerate(block["elements"])
            block["elements"] = [{"action_id": f"a{place}", **one} for place, one in elements]
    return named
