"""The channels as a responder sees them: one page that loads nothing, runs nothing, trusts nobody.

``render_page`` is pure, so that the demo can keep the page as a file. The policy forbids scripts
and everything from elsewhere; the one style sheet is allowed by its hash.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, tzinfo
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from molva.dev.slack.message_html import Reader, messages_html
from molva.dev.slack.pings import pings
from molva.dev.slack.state import Channel, Workspace
from molva.dev.slack.views import TEAM
from molva.dev.slack.words import WORDS, Language, count_word

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
TEMPLATE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
POLICY = "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
# Without a script: the channel that is looked at, or holds what is looked at, stands out.
CURRENT = (
    'body:has(#ID:target, #ID :target) nav a[href="#ID"] '
    "{ background: var(--side-here); color: #fff; }\n"
)
# A browser copes with so many; the whole is in the dump.
MAX_SHOWN = 500


def render_page(
    workspace: Workspace,
    *,
    language: Language = "en",
    zone: tzinfo = UTC,
    served: bool = False,
    refresh: int | None = None,
) -> str:
    """The page with all channels.

    A page that is ``served`` links to its other language and to one that reloads itself, which
    it does every so many seconds with ``refresh``.
    """
    reader = Reader(language, zone)
    words = WORDS[language]
    with workspace.lock:
        channels = workspace.channels()
        links = "\n".join(_link(channel) for channel in channels)
        shown = "".join(_channel(channel, reader) for channel in channels)
    style = STYLE + "".join(CURRENT.replace("ID", channel.id) for channel in channels)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return TEMPLATE.substitute(
        language=language,
        policy=escape(POLICY.format(style=digest)),
        refresh=f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else "",
        title=f"{TEAM} · Slack",
        style=style,
        team=TEAM,
        subtitle=words["subtitle"],
        channels_word=words["channels"],
        links=links,
        footer=f"{words['footer']}: {escape(str(zone))}{_switches(words) if served else ''}",
        channels=shown or f'<p class="empty">{words["none"]}</p>',
    )


def _switches(words: dict[str, str]) -> str:
    code = words["code"]
    return (
        f'<br><a href="/?lang={code}&amp;refresh=5">{words["reload"]}</a>'
        f'<br><a href="/?lang={words["other_code"]}">{words["other"]}</a>'
    )


def _link(channel: Channel) -> str:
    paged = sum(len(pings(message)) for message in channel.messages.values())
    badge = f'<span class="paged">@{paged}</span>' if paged else ""
    return (
        f'<li><a href="#{channel.id}"><span class="hash">#</span>'
        f'<span class="name"><bdi>{escape(channel.name)}</bdi></span>{badge}'
        f'<span class="count">{len(channel.messages)}</span></a></li>'
    )


def _channel(channel: Channel, reader: Reader) -> str:
    words = WORDS[reader.language]
    roots = [one for one in channel.messages.values() if not one.thread_ts or one.broadcast]
    hidden = len(roots) - MAX_SHOWN
    older = f'<p class="empty">{hidden} {words["older"]}</p>' if hidden > 0 else ""
    shown = messages_html(channel, roots[-MAX_SHOWN:], reader)
    count = count_word(reader.language, "message", len(channel.messages))
    shown = shown or f'<p class="empty">{words["empty"]}</p>'
    archived = f" · {words['archived']}" if channel.is_archived else ""
    return (
        f'<section class="channel" id="{channel.id}">'
        f"<header><h2># <bdi>{escape(channel.name)}</bdi></h2>"
        f"<small>{count} · {channel.id}{archived}</small></header>"
        f'<div class="scroll"><div>{older}{shown}</div></div>'
        f'<div class="note">{words["read_only"]}</div></section>'
    )
