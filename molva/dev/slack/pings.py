"""Whom a message pages. Strangers write into our messages, and may page nobody: here it is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from molva.dev.slack.state import Message

# <!channel>, <@U024BE7LH>, <!subteam^SAZ94GDB8|label>: what mrkdwn turns into a mention.
MENTION = re.compile(
    r"<(?:!(channel|here|everyone|group)|(?:@|!subteam\^)([A-Z0-9]+))(?:\|[^<>]*)?>"
)
# What link_names and parse=full turn into one, too.
LITERAL_MENTION = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")
ATTACHMENT_TEXTS = ("pretext", "title", "text", "fallback", "footer")


def pings(message: Message) -> list[str]:
    """The mentions in a message that take effect, as ``@channel`` or ``@U024BE7LH``."""
    found = list(_in_mrkdwn(message.text))
    if message.link_names:
        found += [f"@{name}" for name in LITERAL_MENTION.findall(message.text)]
    found += _in_blocks(message.blocks)
    for attachment in message.attachments or []:
        texts = [attachment.get(name) for name in ATTACHMENT_TEXTS]
        fields = attachment.get("fields")
        for field in fields if isinstance(fields, list) else []:
            texts += [field.get("title"), field.get("value")] if isinstance(field, dict) else []
        for text in texts:
            found += _in_mrkdwn(text)
        found += _in_blocks(attachment.get("blocks"))
    return found


def mention_name(found: re.Match[str]) -> str:
    """What a mention shows."""
    return f"@{found[1] or found[2]}"


def _in_mrkdwn(text: Any) -> Iterator[str]:
    if isinstance(text, str):
        yield from (mention_name(found) for found in MENTION.finditer(text))


def _in_blocks(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _in_blocks(one)
    elif isinstance(value, dict):
        kind = value.get("type")
        if kind in ("mrkdwn", "markdown"):
            yield from _in_mrkdwn(value.get("text"))
        elif kind in ("broadcast", "user", "usergroup"):
            yield rich_mention(value)
        else:
            yield from _in_blocks(list(value.values()))


def rich_mention(element: dict[str, Any]) -> str:
    """What a mention of a rich text shows."""
    target = element.get("range") or element.get("user_id") or element.get("usergroup_id")
    return f"@{target}"
