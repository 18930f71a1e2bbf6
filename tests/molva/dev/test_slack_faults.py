"""Every fault does to Slack's own client what the real fault would do, and is counted."""

from __future__ import annotations

import http.client
import json
import re
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any, get_args
from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from mentions.errors import ConfigError
from molva.dev.slack.fault_file import load_faults, parse_faults
from molva.dev.slack.faults import Fault, Rule
from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, Clock, client, error_of, refusal, texts

POST = "chat.postMessage"
BROKEN = (ConnectionError, http.client.HTTPException, URLError, TimeoutError, SlackApiError)


def post(slack: WebClient, text: str = "x", channel: str = CHANNEL) -> None:
    slack.chat_postMessage(channel=channel, text=text)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"action": "reset"}, ConnectionResetError),
        ({"action": "close"}, http.client.RemoteDisconnected),
        ({"action": "truncate"}, http.client.IncompleteRead),
        ({"action": "hang", "seconds": 20}, TimeoutError),
        ({"action": "status", "code": 500}, SlackApiError),
        ({"action": "status", "code": 503, "body": "busy"}, SlackApiError),
        ({"action": "status", "code": 200, "body": "<html>"}, SlackApiError),
        ({"action": "error", "error": "internal_error"}, SlackApiError),
        ({"action": "error", "error": "fatal_error"}, SlackApiError),
    ],
)
def test_a_fault_looks_the_same_whether_or_not_the_message_was_stored(
    fault: dict[str, Any], error: type[Exception], stored: bool
) -> None:
    with SlackServer(faults=[{"method": POST, "stored": stored, **fault}]) as server:
        slack = client(server, timeout=1)
        with pytest.raises(error):
            post(slack, "first")
        post(slack, "second")
        assert texts(server) == (["first", "second"] if stored else ["second"])
        assert server.fault_report()["applied"] == 1
        assert server.calls() == {f"{POST} fault {fault['action']}": 1, f"{POST} ok": 1}


@pytest.mark.parametrize(
    ("retry_after", "header"), [(30, "30"), ("soon", "soon"), ("-1", "-1"), (None, None)]
)
def test_rate_limits_give_any_advice_or_none(retry_after: Any, header: str | None) -> None:
    with SlackServer(faults=[{"action": "ratelimit", "retry_after": retry_after}]) as server:
        answer = refusal(client(server).chat_postMessage, channel=CHANNEL, text="x")
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert answer.headers.get("Retry-After") == header


def test_status_faults_carry_their_body_and_type() -> None:
    fault = {"action": "status", "code": 503, "body": "<p>sorry", "content_type": "text/html"}
    with SlackServer(faults=[fault]) as server:
        answer = refusal(client(server).auth_test)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html")
    assert "<p>sorry" in str(answer.data)


def test_a_hang_shorter_than_patience_is_only_slow() -> None:
    with SlackServer(faults=[{"action": "hang", "seconds": 0.3, "stored": True}]) as server:
        began = time.monotonic()
        post(client(server))
        assert 0.3 <= time.monotonic() - began < 2


def test_faults_are_a_script_over_the_calls_that_fit_them() -> None:
    faults: list[dict[str, Any]] = [
        {"method": POST, "action": "error", "error": "fatal_error", "nth": 2, "times": 2},
        {"method": POST, "action": "ratelimit", "channel": "#quiet"},
    ]
    with SlackServer(faults=faults) as server:
        slack = client(server)
        slack.auth_test()
        outcomes = [error_or_ok(slack, channel) for channel in (CHANNEL, CHANNEL, CHANNEL)]
        assert outcomes == ["ok", "fatal_error", "fatal_error"]
        outcomes = [error_or_ok(slack, channel) for channel in (CHANNEL, "#quiet", "#quiet")]
        assert outcomes == ["ok", "ratelimited", "ok"]
        report = server.fault_report()
        assert [(one["seen"], one["applied"]) for one in report["faults"]] == [(6, 2), (2, 1)]


def error_or_ok(slack: WebClient, channel: str) -> str:
    try:
        post(slack, channel=channel)
    except SlackApiError as error:
        return str(error.response["error"])
    return "ok"


def test_a_fault_may_last_and_find_its_channel_by_id() -> None:
    with SlackServer(channels=[CHANNEL, "#other"]) as server:
        slack = client(server)
        channel = server.workspace.find(CHANNEL)
        assert channel
        server.add_faults(
            {"action": "error", "error": "is_archived", "channel": channel.id, "times": "always"}
        )
        for reference in (CHANNEL, "alerts", channel.id):
            assert error_or_ok(slack, reference) == "is_archived"
        assert error_or_ok(slack, "#other") == "ok"
        server.clear_faults()
        assert error_or_ok(slack, CHANNEL) == "ok"


def test_an_outage_refuses_connections_and_ends() -> None:
    with SlackServer(faults=[{"method": POST, "action": "refuse", "seconds": 0.5}]) as server:
        slack = client(server)
        with pytest.raises(BROKEN):
            post(slack, "breaks off")
        with pytest.raises(URLError, match="refused"):
            post(slack, "during")
        time.sleep(0.8)
        post(slack, "after")
        assert texts(server) == ["after"]


def test_an_outage_may_begin_at_once_and_the_port_stays_the_same() -> None:
    with SlackServer(faults=[{"action": "refuse", "seconds": 60, "at_once": True}]) as server:
        slack = client(server)
        for _ in range(2):
            with pytest.raises(URLError, match="refused"):
                post(slack)
            server.accept()
            post(slack)
            server.refuse()
        server.accept()
        assert len(texts(server)) == 2
        assert server.fault_report()["applied"] == 1


def test_a_lost_message_looks_posted_and_is_nowhere() -> None:
    with SlackServer(faults=[{"action": "lose", "nth": 2}]) as server:
        slack = client(server)
        kept, lost = (slack.chat_postMessage(channel=CHANNEL, text=text) for text in "ab")
        assert lost["ok"]
        assert lost["ts"] > kept["ts"]
        shown = slack.conversations_history(channel=lost["channel"])["messages"]
        assert [one["text"] for one in shown] == texts(server) == ["a"]


def test_history_may_lag_behind_and_forget_metadata() -> None:
    clock = Clock()
    metadata = {"event_type": "e", "event_payload": {}}
    faults: list[dict[str, Any]] = [
        {"action": "lag", "seconds": 25, "times": 2},
        {"action": "no_metadata"},
    ]
    with SlackServer(clock=clock, faults=faults) as server:
        slack = client(server)
        channel = slack.chat_postMessage(channel=CHANNEL, text="x", metadata=metadata)["channel"]
        seen = []
        for _ in range(4):
            answer = slack.conversations_history(channel=channel, include_all_metadata=True)
            seen.append([one.get("metadata") for one in answer["messages"]])
            clock.now += 25
        assert seen == [[], [metadata], [None], [metadata]]


def test_faults_are_set_read_and_cleared_over_http() -> None:
    with SlackServer() as server:
        fault = {"method": POST, "action": "error", "error": "internal_error"}
        assert send(server, "POST", {"fault": [fault]}) == {"ok": True, "added": 1}
        assert error_of(client(server).chat_postMessage, channel=CHANNEL, text="x") == (
            "internal_error"
        )
        report = send(server, "GET")
        assert report["applied"] == 1
        assert report["faults"][0].items() >= fault.items()
        assert send(server, "DELETE") == {"ok": True}
        assert send(server, "GET") == {"faults": [], "applied": 0}


def send(server: SlackServer, verb: str, value: Any = None) -> Any:
    request = urllib.request.Request(
        f"{server.url}/faults",
        json.dumps(value).encode() if value else None,
        {"Content-Type": "application/json"},
        method=verb,
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_a_fault_file_is_json_or_toml(tmp_path: Path) -> None:
    toml, plain = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('[[fault]]\nmethod = "chat.update"\naction = "reset"\nstored = true\n')
    plain.write_text('[{"method": "chat.update", "action": "reset", "stored": true}]')
    assert load_faults(toml) == load_faults(plain)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"action": "explode"}, "fault 1: Input tag 'explode'"),
        ({"method": "chat.post", "action": "reset"}, "method must be * or one of"),
        ({"action": "status"}, "status.code: Field required"),
        ({"action": "hang", "seconds": "long"}, "hang.seconds"),
        ({"action": "reset", "times": 0}, "times must be at least 1"),
        ({"action": "reset", "speed": 1}, "reset.speed: Extra inputs"),
        ({"action": "lag", "method": POST, "seconds": 1}, "lag.method"),
        ({"action": "ratelimit", "retry_after": "1\r\nX: y"}, "must fit into a header"),
    ],
)
def test_a_wrong_fault_is_named_with_its_place(fault: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_faults([fault], where="faults.json")
    assert str(error.value).startswith("faults.json: fault 1")
    assert complaint in str(error.value)


def test_a_file_that_is_no_fault_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    with pytest.raises(ConfigError, match="cannot read"):
        load_faults(file)
    file.write_text("no toml")
    with pytest.raises(ConfigError, match="is not TOML"):
        load_faults(file)


def test_the_script_in_the_docs_is_one() -> None:
    docs = Path(__file__).parents[3] / "docs" / "local-slack.md"
    [script] = re.findall(r"```toml\n(.*?)```", docs.read_text(encoding="utf-8"), re.DOTALL)
    actions = [fault.action for fault in parse_faults(tomllib.loads(script), where="docs")]
    assert actions == ["reset", "ratelimit", "lag"]
    listed = set(re.findall(r"^\| `(\w+)` \|", docs.read_text(encoding="utf-8"), re.MULTILINE))
    known = {action for model in get_args(get_args(Fault)[0]) for action in actions_of(model)}
    assert known <= listed


def actions_of(model: type[Rule]) -> tuple[str, ...]:
    return get_args(model.model_fields["action"].annotation)
