"""Channels and threads are read in pages and ranges, as Slack gives them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from molva.dev.slack.pace import Pace
from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, Clock, client, error_of, pages_of

METADATA = {"event_type": "molva_alert", "event_payload": {"alert_id": "a1"}}


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(clock=Clock()) as server:
        yield server


@pytest.fixture
def slack(server: SlackServer) -> WebClient:
    return client(server)


def fill(slack: WebClient, number: int, **more: object) -> tuple[str, list[str]]:
    """Post messages 0, 1, 2 ...: the channel's id and their timestamps."""
    answers = [
        slack.chat_postMessage(channel=CHANNEL, text=str(n), **more)  # type: ignore[arg-type]
        for n in range(number)
    ]
    return answers[0]["channel"], [answer["ts"] for answer in answers]


def test_history_comes_newest_first_in_pages_without_gap_or_overlap(slack: WebClient) -> None:
    channel, _ = fill(slack, 7)
    pages = pages_of(slack.conversations_history(channel=channel, limit=3))
    assert [[one["text"] for one in page["messages"]] for page in pages] == [
        ["6", "5", "4"],
        ["3", "2", "1"],
        ["0"],
    ]
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert "response_metadata" not in pages[-1]


def test_what_is_posted_while_reading_shifts_no_page(slack: WebClient) -> None:
    channel, _ = fill(slack, 4)
    first = slack.conversations_history(channel=channel, limit=2)
    slack.chat_postMessage(channel=CHANNEL, text="late")
    cursor = first["response_metadata"]["next_cursor"]
    second = slack.conversations_history(channel=channel, limit=2, cursor=cursor)
    assert [one["text"] for one in second["messages"]] == ["1", "0"]


@pytest.mark.parametrize(("inclusive", "expected"), [(False, ["2"]), (True, ["3", "2", "1"])])
def test_a_range_has_its_ends_only_if_asked(
    slack: WebClient, inclusive: bool, expected: list[str]
) -> None:
    channel, stamps = fill(slack, 5)
    answer = slack.conversations_history(
        channel=channel, oldest=stamps[1], latest=stamps[3], inclusive=inclusive
    )
    assert [one["text"] for one in answer["messages"]] == expected


def test_timestamps_compare_as_numbers_of_six_decimals(slack: WebClient) -> None:
    channel, _ = fill(slack, 1)
    for oldest in ("1795339999", "1795340000", "1795340000.0000"):
        assert slack.conversations_history(channel=channel, oldest=oldest)["messages"]
    assert not slack.conversations_history(channel=channel, oldest="1795340000.0002")["messages"]


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
def test_metadata_comes_only_when_asked_for(slack: WebClient, method: str) -> None:
    channel, stamps = fill(slack, 1, metadata=METADATA)
    where = {"channel": channel, "ts": stamps[0]}
    asked = where | {"include_all_metadata": True}
    [plain] = slack.api_call(method, params=where)["messages"]
    [full] = slack.api_call(method, params=asked)["messages"]
    assert "metadata" not in plain
    assert full["metadata"] == METADATA


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"cursor": "garbage"}, "invalid_cursor"),
        ({"cursor": "bmV4dF90czp4"}, "invalid_cursor"),
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "1e9"}, "invalid_ts_latest"),
        ({"limit": "many"}, "invalid_limit"),
        ({"channel": "CNOTHING01"}, "channel_not_found"),
    ],
)
def test_what_makes_no_sense_is_named(
    slack: WebClient, arguments: dict[str, str], error: str
) -> None:
    channel, _ = fill(slack, 1)
    wanted = {"channel": channel, **arguments}
    assert error_of(slack.api_call, api_method="conversations.history", params=wanted) == error


def test_the_server_caps_a_page() -> None:
    with SlackServer(pace=Pace(per_second=0, per_minute={}, page=15)) as server:
        slack = client(server)
        channel, _ = fill(slack, 20)
        answer = slack.conversations_history(channel=channel, limit=200)
        assert len(answer["messages"]) == 15
        assert answer["has_more"]


def test_replies_stay_in_their_thread_unless_broadcast(slack: WebClient) -> None:
    channel, [root] = fill(slack, 1)
    slack.chat_postMessage(channel=CHANNEL, text="in thread", thread_ts=root)
    slack.chat_postMessage(channel=CHANNEL, text="loud", thread_ts=root, reply_broadcast=True)
    shown = slack.conversations_history(channel=channel)["messages"]
    assert [one["text"] for one in shown] == ["loud", "0"]
    assert shown[0]["subtype"] == "thread_broadcast"
    assert (shown[1]["reply_count"], shown[1]["thread_ts"]) == (2, root)
    thread = slack.conversations_replies(channel=channel, ts=root)["messages"]
    assert [one["text"] for one in thread] == ["0", "in thread", "loud"]
    assert {one["thread_ts"] for one in thread} == {root}


def test_an_answer_to_an_answer_joins_the_thread(slack: WebClient) -> None:
    channel, [root] = fill(slack, 1)
    first = slack.chat_postMessage(channel=CHANNEL, text="1st", thread_ts=root)
    second = slack.chat_postMessage(channel=CHANNEL, text="2nd", thread_ts=first["ts"])
    assert second["message"]["thread_ts"] == root
    assert len(slack.conversations_replies(channel=channel, ts=root)["messages"]) == 3


def test_each_page_of_a_thread_has_its_first_message_on_top(slack: WebClient) -> None:
    channel, [root] = fill(slack, 1)
    for number in range(3):
        slack.chat_postMessage(channel=CHANNEL, text=f"r{number}", thread_ts=root)
    pages = pages_of(slack.conversations_replies(channel=channel, ts=root, limit=2))
    assert [[one["text"] for one in page["messages"]] for page in pages] == [
        ["0", "r0", "r1"],
        ["0", "r2"],
    ]
    assert error_of(slack.conversations_replies, channel=channel, ts="1.1") == "thread_not_found"
