"""What Slack's Block Kit forbids, the local Slack refuses; what it allows, it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from molva.dev.slack.blocks import check_blocks
from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, client, error_of, refusal

Block = dict[str, Any]


@pytest.fixture
def slack() -> Iterator[WebClient]:
    with SlackServer() as server:
        yield client(server)


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain("Take it"), "action_id": "take", **more}


def rich(*inline: Block, kind: str = "rich_text_section") -> Block:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(inline)}]}


TAKEN: list[Block] = [
    section("x" * 3000),
    {"type": "section", "fields": [mrkdwn("x" * 2000)] * 3},
    {"type": "section", "text": plain("x"), "accessory": button()},
    {"type": "header", "text": {"type": "plain_text", "text": "x" * 150, "emoji": True}},
    {"type": "context", "elements": [plain("x")] * 10},
    {
        "type": "context",
        "elements": [{"type": "image", "image_url": "https://a.example", "alt_text": "x"}],
    },
    {"type": "actions", "elements": [button(action_id=str(n)) for n in range(25)]},
    {"type": "actions", "elements": [button(text=plain("x" * 75), value="x" * 2000)]},
    {"type": "actions", "elements": [button(url="https://a.example/" + "x" * 2982)]},
    {"type": "divider"},
    {"type": "markdown", "text": "x" * 12_000},
    {"type": "image", "image_url": "https://a.example", "alt_text": "x", "title": plain("x")},
    rich({"type": "text", "text": "x" * 10_000, "style": {"bold": True}}),
    rich({"type": "link", "url": "https://a.example", "text": "x"}, kind="rich_text_quote"),
    rich({"type": "text", "text": "x"}, kind="rich_text_preformatted"),
    rich({"type": "emoji", "name": "fire"}, {"type": "broadcast", "range": "here"}),
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
                ],
            }
        ],
    },
]

REFUSED: list[Block] = [
    section("x" * 3001),
    section(""),
    {"type": "section"},
    {"type": "section", "fields": []},
    {"type": "section", "fields": [mrkdwn("x")] * 11},
    {"type": "section", "fields": [mrkdwn("x" * 2001)]},
    {"type": "section", "text": "x"},
    {"type": "section", "text": {"type": "html", "text": "x"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}},
    {"type": "section", "text": {"type": "plain_text", "text": "x", "verbatim": True}},
    {"type": "section", "text": mrkdwn("x"), "colour": "red"},
    {"type": "header", "text": plain("x" * 151)},
    {"type": "header", "text": mrkdwn("x")},
    {"type": "context", "elements": []},
    {"type": "context", "elements": [plain("x")] * 11},
    {"type": "context", "elements": [button()]},
    {"type": "actions", "elements": [button(action_id=str(n)) for n in range(26)]},
    {"type": "actions", "elements": [button(), button()]},
    {"type": "actions", "elements": [button(text=plain("x" * 76))]},
    {"type": "actions", "elements": [button(text=mrkdwn("x"))]},
    {"type": "actions", "elements": [button(value="x" * 2001)]},
    {"type": "actions", "elements": [button(url="https://a.example/" + "x" * 3000)]},
    {"type": "actions", "elements": [button(url="javascript:alert(1)")]},
    {"type": "actions", "elements": [button(action_id="x" * 256)]},
    {"type": "actions", "elements": [button(style="green")]},
    {"type": "actions", "elements": [{"type": "static_select", "options": []}]},
    {"type": "divider", "block_id": "x" * 256},
    {"type": "image", "image_url": "https://a.example"},
    {"type": "markdown", "text": "x" * 12_001},
    rich({"type": "text", "text": ""}),
    rich({"type": "text", "text": "x", "colour": "red"}),
    rich({"type": "text", "text": "x", "style": {"big": True}}),
    rich({"type": "broadcast", "range": "world"}),
    rich({"type": "emoji", "name": "fire"}, kind="rich_text_preformatted"),
    rich({"type": "text", "text": "x"}, kind="rich_text_poem"),
    rich(),
    {"type": "rich_text", "elements": ["x"]},
    {"type": "video"},
    {"type": ["divider"]},
    {},
]


@pytest.mark.parametrize("block", TAKEN)
def test_what_is_within_the_limits_is_taken(slack: WebClient, block: Block) -> None:
    assert slack.chat_postMessage(channel=CHANNEL, text="fallback", blocks=[block])["ok"]


@pytest.mark.parametrize("block", REFUSED)
def test_what_is_beyond_a_limit_is_refused_with_the_place(slack: WebClient, block: Block) -> None:
    blocks = [{"type": "divider"}, block]
    answer = refusal(slack.chat_postMessage, channel=CHANNEL, text="fallback", blocks=blocks)
    assert answer["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks/1" in answer["response_metadata"]["messages"][0]
    assert answer["errors"][0].endswith("]")


def test_a_message_has_fifty_blocks_and_no_more(slack: WebClient) -> None:
    assert check_blocks([{"type": "divider"}] * 50) == []
    blocks = [{"type": "divider"}] * 51
    assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x", blocks=blocks) == (
        "invalid_blocks"
    )


def test_ids_of_blocks_are_unique(slack: WebClient) -> None:
    twice = [{"type": "divider", "block_id": "a"}] * 2
    assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x", blocks=twice) == (
        "invalid_blocks"
    )


def test_all_blocks_together_may_not_be_too_long(slack: WebClient) -> None:
    long = [section("x" * 2900)] * 5
    assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x", blocks=long) == (
        "msg_blocks_too_long"
    )


def test_markdown_is_counted_over_all_blocks() -> None:
    assert check_blocks([{"type": "markdown", "text": "x" * 6001}] * 2)


def test_blocks_in_attachments_obey_the_same_limits(slack: WebClient) -> None:
    attachments = [{"color": "#e01e5a", "blocks": [section("x" * 3001)]}]
    assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x", attachments=attachments) == (
        "invalid_blocks"
    )


def test_blocks_may_come_as_text_in_a_form(slack: WebClient) -> None:
    form = {"channel": CHANNEL, "text": "x", "blocks": '[{"type":"divider"}]'}
    [block] = slack.api_call("chat.postMessage", data=None, params=form)["message"]["blocks"]
    assert block == {"type": "divider", "block_id": "b0"}


def test_controls_without_an_id_get_one(slack: WebClient) -> None:
    bare = {"type": "actions", "elements": [{"type": "button", "text": plain("x")}]}
    answer = slack.chat_postMessage(channel=CHANNEL, text="x", blocks=[bare])
    assert answer["message"]["blocks"][0]["elements"][0]["action_id"] == "a0"
