"""The local Slack is as slow as the real one, and says so in the same way."""

from __future__ import annotations

from slack_sdk import WebClient

from molva.dev.slack.pace import Pace
from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, Clock, client, refusal, texts


def post(slack: WebClient, channel: str = CHANNEL) -> None:
    assert slack.chat_postMessage(channel=channel, text="x")["ok"]


def test_a_channel_takes_one_message_a_second_after_a_short_burst() -> None:
    clock = Clock()
    with SlackServer(pace=Pace(per_second=1, burst=3), clock=clock) as server:
        slack = client(server)
        for _ in range(3):
            post(slack)
        answer = refusal(slack.chat_postMessage, channel=CHANNEL, text="too early")
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
        assert answer.data == {"ok": False, "error": "ratelimited"}
        clock.now += 1
        post(slack)
        assert refusal(slack.chat_postMessage, channel=CHANNEL, text="x").status_code == 429
        post(slack, "#other")
        assert len(texts(server)) == 4
        assert server.calls()["chat.postMessage ratelimited"] == 2


def test_a_client_at_eleven_tenths_of_a_second_is_never_refused() -> None:
    clock = Clock()
    with SlackServer(pace=Pace(burst=1), clock=clock) as server:
        slack = client(server)
        for _ in range(10):
            post(slack)
            clock.now += 1.1
    assert set(server.calls()) == {"chat.postMessage ok"}


def test_the_name_and_the_id_of_a_channel_share_its_pace() -> None:
    with SlackServer(pace=Pace(burst=1), clock=Clock(), channels=[CHANNEL]) as server:
        slack = client(server)
        post(slack)
        [channel] = slack.conversations_list()["channels"]
        assert refusal(slack.chat_postMessage, channel=channel["id"], text="x").status_code == 429


def test_a_method_takes_so_many_calls_a_minute() -> None:
    clock = Clock()
    pace = Pace(per_minute={"conversations.history": 1})
    with SlackServer(pace=pace, clock=clock) as server:
        slack = client(server)
        channel = slack.chat_postMessage(channel=CHANNEL, text="x")["channel"]
        assert slack.conversations_history(channel=channel)["ok"]
        clock.now += 20
        answer = refusal(slack.conversations_history, channel=channel)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
        other_app = client(server, "xoxb-other")
        assert other_app.conversations_history(channel=channel)["ok"]
        clock.now += 40
        assert slack.conversations_history(channel=channel)["ok"]


def test_a_clock_that_is_set_back_refuses_nobody_for_long() -> None:
    clock = Clock()
    pace = Pace(burst=1, per_minute={"auth.test": 1})
    with SlackServer(pace=pace, clock=clock) as server:
        slack = client(server)
        post(slack)
        slack.auth_test()
        clock.now -= 3600
        assert slack.auth_test()["ok"]
        assert refusal(slack.chat_postMessage, channel=CHANNEL, text="x").status_code == 429
        clock.now += 1
        post(slack)
