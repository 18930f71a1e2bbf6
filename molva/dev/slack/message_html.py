"""Messages as safe HTML: who, when, what it says, its thread, and whether it pages anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any

from molva.dev.slack.block_html import blocks_html, div
from molva.dev.slack.mrkdwn import link_html, mrkdwn_html, ping_html, plain_html
from molva.dev.slack.pings import pings
from molva.dev.slack.state import Channel, Message
from molva.dev.slack.words import WORDS, Language, count_word, day_word

COLORS = {"good": "#2eb886", "warning": "#daa038", "danger": "#a30200"}
HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the page is: their language and their clock."""

    language: Language
    zone: tzinfo

    def time(self, ts: str) -> datetime:
        return datetime.fromtimestamp(int(ts.partition(".")[0]), self.zone)


def anchor(channel_id: str, ts: str) -> str:
    """The place of a message on the page."""
    return f"{channel_id}-{ts.replace('.', '-')}"


def messages_html(channel: Channel, messages: Iterable[Message], reader: Reader) -> str:
    """Messages of a channel, with a line between days."""
    html: list[str] = []
    day: date | None = None
    for message in messages:
        posted = reader.time(message.ts).date()
        if posted != day:
            html.append(f'<div class="day"><span>{day_word(reader.language, posted)}</span></div>')
            day = posted
        html.append(_message(channel, message, reader))
    return "".join(html)


def _message(channel: Channel, message: Message, reader: Reader) -> str:
    words = WORDS[reader.language]
    name = plain_html(message.username or message.bot.name, emoji=False)
    place = anchor(channel.id, message.ts)
    # A reply that is also shown in the channel stands twice: the second is no place of its own.
    own = "" if message.broadcast else f' id="{place}"'
    time = reader.time(message.ts)
    body = f'<div class="gone">{words["deleted"]}</div>' if message.deleted else ""
    return (
        f'<article class="message"{own}><div class="avatar">{name[:1]}</div><div>'
        f'<div class="who"><b><bdi>{name}</bdi></b><span class="app">{words["app"]}</span>'
        f'<a href="#{place}" title="{time.isoformat()}">{time:%H:%M}</a></div>'
        f'<div class="body">{body or _content(message, words)}</div>'
        f"{_thread(channel, message, reader)}</div></article>"
    )


def _content(message: Message, words: dict[str, str]) -> str:
    html = blocks_html(message.blocks)
    if not html:
        html = div("text", mrkdwn_html(message.text, link_names=message.link_names))
    html += "".join(_attachment(one) for one in message.attachments or [])
    if message.edited_ts:
        html += f'<span class="edited">{words["edited"]}</span>'
    paged = pings(message)
    if paged:
        names = " ".join(ping_html(name) for name in dict.fromkeys(paged))
        html += f'<span class="leak">{words["pages"]} {names}</span>'
    return html


def _attachment(attachment: dict[str, Any]) -> str:
    color = str(attachment.get("color") or "")
    found = HEX_COLOR.fullmatch(color)
    fill = COLORS.get(color) or (f"#{found[1]}" if found else "#dddddd")
    inner = blocks_html(attachment.get("blocks"))
    if not inner:
        title = plain_html(str(attachment.get("title") or ""))
        link = str(attachment.get("title_link") or "")
        texts = [attachment.get("pretext"), attachment.get("text") or attachment.get("fallback")]
        inner = div("text", f"<b>{link_html(link, title) if link else title}</b>" if title else "")
        inner += "".join(div("text", mrkdwn_html(str(text))) for text in texts if text)
    bar = f'<svg aria-hidden="true"><rect width="100%" height="100%" fill="{fill}"/></svg>'
    return f'<div class="attachment">{bar}<div>{inner}</div></div>'


def _thread(channel: Channel, message: Message, reader: Reader) -> str:
    replies = channel.replies(message.ts)
    if not replies or message.thread_ts:
        return ""
    count = count_word(reader.language, "reply", len(replies))
    last = f"<small>{reader.time(replies[-1].ts):%H:%M}</small>"
    # In the thread a reply is at its own place, whether or not the channel shows it too.
    shown = "".join(_message(channel, replace(one, broadcast=False), reader) for one in replies)
    return f'<details class="thread" open><summary>{count} {last}</summary>{shown}</details>'
