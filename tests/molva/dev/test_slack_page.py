"""The page shows what a responder sees, and whatever strangers write does nothing to it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.request import urlopen

import pytest
from slack_sdk import WebClient

from molva.dev.slack.page import render_page
from molva.dev.slack.server import SlackServer
from tests.molva.dev.browser import Browser
from tests.molva.dev.slack_client import CHANNEL, Clock, client

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style></title></textarea><svg onload=alert(1)>",
    "<!channel> <@U024BE7LH> @channel",
    "&lt;!channel&gt; &amp;lt;b&amp;gt; &#60;i&#62;",
    "*_~`>*_~` ```*a* <http://x|y",
    '<javascript:alert(1)|click> <data:text/html,x|y> <http://a"onmouseover=x|z>',
    "\u202eright to left\u202c \u2066 \x00\x01\x1b[31m \ufeff",
    "https://user:pass@[::1|x <http://[|bad>",
    "Z͑ͫ̓ͪ̂ͫ̽A̴̵̜̰͔ͫ͗L̠ͨͧG" + "A" * 5000,
    "${style} $$ {0} %s",
]


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(clock=Clock()) as server:
        yield server


@pytest.fixture
def slack(server: SlackServer) -> WebClient:
    return client(server)


def blocks_with(text: str) -> list[dict[str, Any]]:
    """One text in every place that takes one."""
    plain, mrkdwn = ({"type": kind, "text": text[:70]} for kind in ("plain_text", "mrkdwn"))
    inline = {"type": "text", "text": text, "style": {"bold": True, "code": True}}
    link = {"type": "link", "url": text[:70], "text": text}
    options = [{"text": plain, "value": "v"}]
    menu = {"type": "static_select", "placeholder": plain, "options": options, "action_id": "m"}
    return [
        {"type": "header", "text": plain},
        {"type": "section", "text": mrkdwn, "fields": [plain, mrkdwn]},
        {"type": "context", "elements": [plain, mrkdwn]},
        {"type": "actions", "elements": [{"type": "button", "text": plain}, menu]},
        {"type": "markdown", "text": text[:2000]},
        {
            "type": "rich_text",
            "elements": [
                {"type": kind, "elements": [inline, link]}
                for kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted")
            ],
        },
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_wherever_it_stands(
    server: SlackServer, slack: WebClient, text: str
) -> None:
    text = text[:1000]
    attachments = [{"color": text, "title": text, "title_link": text, "text": text}]
    slack.chat_postMessage(
        channel=CHANNEL, text=text, blocks=blocks_with(text), attachments=attachments, username=text
    )
    slack.chat_postMessage(channel=CHANNEL, text=text, link_names=True)
    page = Browser(render_page(server.workspace))
    page.check()


def test_the_page_admits_no_script_and_only_its_own_style(server: SlackServer) -> None:
    client(server).chat_postMessage(channel=CHANNEL, text="x")
    html = render_page(server.workspace)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert style
    assert policy
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert policy[1].startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
    assert digest in policy[1]
    assert "url(" not in style[1]
    with urlopen(server.url, timeout=5) as answer:
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_mention_that_takes_effect_stands_out_and_a_literal_one_does_not(
    server: SlackServer, slack: WebClient
) -> None:
    literal: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": "<!channel> <@U024BE7LH>"}},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "<!here> @channel"}],
                }
            ],
        },
    ]
    slack.chat_postMessage(channel=CHANNEL, text="&lt;!channel&gt; @here", blocks=literal)
    assert server.pings() == []
    html = render_page(server.workspace)
    assert 'class="ping"' not in html
    assert "&lt;!channel&gt; &lt;@U024BE7LH&gt;" in html
    leaks: list[dict[str, Any]] = [
        {"text": "<!channel>"},
        {"text": "<@U024BE7LH|Ann>"},
        {"text": "@here", "link_names": True},
        {"text": "x", "attachments": [{"text": "<!everyone>"}]},
        {"text": "x", "blocks": [{"type": "markdown", "text": "<!subteam^SAZ94GDB8>"}]},
        {"text": "<http://x.example|<!channel>>", "blocks": literal},
    ]
    for leak in leaks:
        slack.chat_postMessage(channel=CHANNEL, **leak)
    named = ["@channel", "@U024BE7LH", "@here", "@everyone", "@SAZ94GDB8", "@channel"]
    assert server.pings() == named
    html = render_page(server.workspace)
    assert html.count('class="leak"') == len(leaks)
    assert '<span class="paged">@6</span>' in html
    for name in named:
        assert f'<strong class="ping">{name}</strong>' in html


def test_the_page_tells_time_threads_edits_and_speaks_both_languages(
    server: SlackServer, slack: WebClient
) -> None:
    root = slack.chat_postMessage(channel=CHANNEL, text="root")
    for number in range(2):
        slack.chat_postMessage(channel=CHANNEL, text=f"r{number}", thread_ts=root["ts"])
    slack.chat_update(channel=root["channel"], ts=root["ts"], text="root, edited")
    english, russian = (render_page(server.workspace, language=code) for code in ("en", "ru"))
    for word in ("2 replies", "(edited)", "3 messages", "November 22, 2026", "09:33"):
        assert word in english
    for word in ("2 ответа", "(изменено)", "3 сообщения", "22 ноября 2026", 'lang="ru"'):
        assert word in russian
    place = f"{root['channel']}-1795340000-000100"
    assert f'id="{place}"' in english
    link = slack.chat_getPermalink(channel=root["channel"], message_ts=root["ts"])["permalink"]
    with urlopen(link, timeout=5) as answer:
        assert answer.url.endswith(f"/#{place}")


def test_a_channel_with_many_messages_shows_the_newest(
    server: SlackServer, slack: WebClient
) -> None:
    for number in range(510):
        slack.chat_postMessage(channel=CHANNEL, text=f"message-{number}.")
    html = render_page(server.workspace)
    assert "10 older messages are not shown" in html
    assert "message-9." not in html
    assert "message-10." in html


def test_the_empty_page_says_so_and_a_served_one_has_its_switches(server: SlackServer) -> None:
    assert "No channel yet" in render_page(server.workspace)
    with urlopen(f"{server.url}/?lang=ru&refresh=5", timeout=5) as answer:
        html = answer.read().decode()
    assert '<meta http-equiv="refresh" content="5">' in html
    assert "Каналов пока нет" in html
    Browser(html).check()
