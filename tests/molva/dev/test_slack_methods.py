"""The local Slack answers Slack's own client as Slack does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from slack_sdk import WebClient

from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, Clock, client, error_of, pages_of, refusal, texts

METADATA = {"event_type": "molva_alert", "event_payload": {"alert_id": "a1", "revision": 1}}


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer(clock=Clock()) as server:
        yield server


@pytest.fixture
def slack(server: SlackServer) -> WebClient:
    return client(server)


def test_auth_test_names_the_same_app_for_the_same_token(server: SlackServer) -> None:
    first, again, other = (
        client(server, token).auth_test() for token in ("xoxb-a", "xoxb-a", "xoxb-b")
    )
    assert first["bot_id"] == again["bot_id"] != other["bot_id"]
    assert first["url"] == f"{server.url}/"


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", "not_authed"),
        ("xoxb-", "invalid_auth"),
        ("secret", "invalid_auth"),
        ("xoxp-user", "not_allowed_token_type"),
        ("xapp-socket", "not_allowed_token_type"),
    ],
)
def test_only_a_bot_token_is_taken(server: SlackServer, token: str, error: str) -> None:
    assert error_of(client(server, token).auth_test) == error
    assert error_of(client(server, token).chat_postMessage, channel=CHANNEL, text="x") == error
    assert server.messages(CHANNEL) == []


def test_a_method_that_does_not_exist_is_named_so(slack: WebClient) -> None:
    assert error_of(slack.api_call, api_method="chat.scheduleMessage") == "unknown_method"


def test_post_creates_the_channel_and_returns_its_id_and_the_timestamp(
    server: SlackServer, slack: WebClient
) -> None:
    answer = slack.chat_postMessage(channel=CHANNEL, text="hello", metadata=METADATA)
    assert answer["ts"] == "1795340000.000100"
    assert answer["channel"].startswith("C")
    assert answer["message"]["metadata"] == METADATA
    again = slack.chat_postMessage(channel=answer["channel"], text="by id")
    assert again["channel"] == answer["channel"]
    assert texts(server) == ["hello", "by id"]


def test_timestamps_rise_even_when_the_clock_goes_back() -> None:
    clock = Clock()
    with SlackServer(clock=clock) as server:
        slack = client(server)
        stamps = []
        for now in (100.9, 100.9, 99.0, 101.2):
            clock.now = now
            stamps.append(slack.chat_postMessage(channel=CHANNEL, text="x")["ts"])
    assert stamps == ["100.000100", "100.000200", "100.000300", "101.000100"]


def test_posts_at_the_same_time_get_timestamps_of_their_own(server: SlackServer) -> None:
    def post(number: int) -> str:
        posted = client(server).chat_postMessage(channel=CHANNEL, text=str(number))
        return str(posted["ts"])

    with ThreadPoolExecutor(8) as pool:
        stamps = list(pool.map(post, range(100)))
    assert sorted(stamps) == [message["ts"] for message in server.messages(CHANNEL)]
    assert len(set(stamps)) == 100


def test_channels_that_are_not_listed_do_not_exist_unless_created_on_demand() -> None:
    with SlackServer(channels=["#known"]) as server:
        slack = client(server)
        assert slack.chat_postMessage(channel="known", text="x")["ok"]
        assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x") == "channel_not_found"
        assert [channel["name"] for channel in slack.conversations_list()["channels"]] == ["known"]


@pytest.mark.parametrize("name", ["", "#", "#Big", "#two words", "#" + "x" * 81, "C12", "#a<b>"])
def test_no_channel_is_created_under_a_name_that_slack_forbids(slack: WebClient, name: str) -> None:
    assert error_of(slack.chat_postMessage, channel=name, text="x") == "channel_not_found"


def test_only_a_post_takes_a_channel_by_its_name(slack: WebClient) -> None:
    slack.chat_postMessage(channel=CHANNEL, text="x")
    answer = refusal(slack.conversations_history, channel=CHANNEL)
    assert answer["error"] == "channel_not_found"
    assert "give its id" in answer["response_metadata"]["messages"][0]


def test_archived_and_left_channels_take_no_message(server: SlackServer, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel=CHANNEL, text="x")
    here = server.workspace.find(CHANNEL)
    assert here
    server.workspace.change_channel(here, is_archived=True)
    assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x") == "is_archived"
    arguments = {"channel": posted["channel"], "ts": posted["ts"], "text": "y"}
    assert error_of(slack.chat_update, **arguments) == "is_archived"
    server.workspace.change_channel(here, is_archived=False, is_member=False)
    assert error_of(slack.chat_postMessage, channel=CHANNEL, text="x") == "not_in_channel"
    assert error_of(slack.conversations_history, channel=posted["channel"]) == "not_in_channel"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({}, "no_text"),
        ({"text": "", "blocks": []}, "no_text"),
        ({"blocks": "[{"}, "invalid_blocks_format"),
        ({"blocks": ["x"]}, "invalid_blocks_format"),
        ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "e"}}, "invalid_metadata_schema"),
        (
            {"text": "x", "metadata": {"event_type": "e", "event_payload": {"x": "y" * 20_000}}},
            "metadata_too_large",
        ),
        ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"text": {"not": "text"}}, "invalid_arguments"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_slack_refuses_is_refused_by_its_name(
    server: SlackServer, slack: WebClient, content: dict[str, object], error: str
) -> None:
    body = {"channel": CHANNEL, **content}
    assert error_of(slack.api_call, api_method="chat.postMessage", json=body) == error
    assert server.messages(CHANNEL) == []


def test_a_long_post_is_cut_and_a_long_edit_refused(server: SlackServer, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel=CHANNEL, text="x" * 50_000)
    assert len(texts(server)[0]) == 40_000
    where = {"channel": posted["channel"], "ts": posted["ts"]}
    assert error_of(slack.chat_update, **where, text="y" * 4_001) == "msg_too_long"
    assert slack.chat_update(**where, text="y" * 4_000)["ok"]


def test_an_edit_changes_what_it_names_and_leaves_the_rest(
    server: SlackServer, slack: WebClient
) -> None:
    blocks = [{"type": "divider", "block_id": "line"}]
    posted = slack.chat_postMessage(channel=CHANNEL, text="a", blocks=blocks, metadata=METADATA)
    where = {"channel": posted["channel"], "ts": posted["ts"]}
    slack.chat_update(**where, text="b")
    [message] = server.messages(CHANNEL)
    assert (message["text"], message["blocks"], message["metadata"]) == ("b", blocks, METADATA)
    assert message["edited"]["ts"] == "1795340000.000000"
    slack.chat_update(**where, text="c", blocks=[], metadata={})
    [message] = server.messages(CHANNEL)
    assert message["text"] == "c"
    assert not {"blocks", "metadata"} & set(message)


def test_another_app_may_neither_edit_nor_delete(server: SlackServer, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel=CHANNEL, text="mine")
    where = {"channel": posted["channel"], "ts": posted["ts"]}
    stranger = client(server, "xoxb-stranger")
    assert error_of(stranger.chat_update, **where, text="x") == "cant_update_message"
    assert error_of(stranger.chat_delete, **where) == "cant_delete_message"
    assert texts(server) == ["mine"]


def test_a_deleted_message_is_gone_and_a_deleted_root_leaves_its_place(
    server: SlackServer, slack: WebClient
) -> None:
    alone = slack.chat_postMessage(channel=CHANNEL, text="alone")
    root = slack.chat_postMessage(channel=CHANNEL, text="root")
    slack.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=root["ts"])
    for posted in (alone, root):
        where = {"channel": posted["channel"], "ts": posted["ts"]}
        slack.chat_delete(**where)
        assert error_of(slack.chat_delete, **where) == "message_not_found"
        assert error_of(slack.chat_update, **where, text="x") == "message_not_found"
    assert texts(server) == ["This message was deleted.", "reply"]
    assert server.messages(CHANNEL)[0]["subtype"] == "tombstone"


def test_permalink_leads_to_the_message_on_the_page(server: SlackServer, slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel=CHANNEL, text="x")
    link = slack.chat_getPermalink(channel=posted["channel"], message_ts=posted["ts"])["permalink"]
    assert link == f"{server.url}/archives/{posted['channel']}/p1795340000000100"
    missing = {"channel": posted["channel"], "message_ts": "1.000001"}
    assert error_of(slack.chat_getPermalink, **missing) == "message_not_found"


def test_info_and_list_show_the_channels_page_by_page(slack: WebClient) -> None:
    ids = {slack.chat_postMessage(channel=f"#c{n}", text="x")["channel"] for n in range(5)}
    pages = pages_of(slack.conversations_list(limit=2))
    assert [len(page["channels"]) for page in pages] == [2, 2, 1]
    assert {channel["id"] for page in pages for channel in page["channels"]} == ids
    name = slack.conversations_info(channel=min(ids))["channel"]["name"]
    assert name in {f"c{n}" for n in range(5)}
    assert error_of(slack.conversations_info, channel="CNOTHING01") == "channel_not_found"
    assert error_of(slack.conversations_list, cursor="?") == "invalid_cursor"
