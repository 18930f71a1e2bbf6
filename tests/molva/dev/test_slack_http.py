"""The local Slack lives beside strangers: other pages in the browser, broken and huge requests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, client, texts

TOKEN = {"Authorization": "Bearer xoxb-test"}
JSON = TOKEN | {"Content-Type": "application/json; charset=utf-8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def send(
    server: SlackServer, path: str, body: bytes = b"", headers: Any = JSON, verb: str = "POST"
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_server_listens_on_the_loopback_address_only(server: SlackServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", ""])
def test_a_request_under_another_name_is_turned_away(server: SlackServer, host: str) -> None:
    for path in ("/", "/api/chat.postMessage", "/faults"):
        assert send(server, path, headers=JSON | {"Host": host})[0] == 421


def test_a_form_from_a_website_sets_no_fault(server: SlackServer) -> None:
    status, answer = send(server, "/faults", b'{"action":"reset"}', {"Content-Type": "text/plain"})
    assert (status, answer["ok"]) == (400, False)
    assert server.fault_report()["faults"] == []


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (b"{", JSON, "invalid_json"),
        (b"[]", JSON, "json_not_object"),
        (b'{"channel": NaN, "text": 1e999}', JSON, "invalid_json"),
        (b"[" * 100_000, JSON, "invalid_json"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, JSON, "invalid_json"),
        (b'{"a":' + b"9" * 10_000 + b"}", JSON, "invalid_json"),
        (b"\xff\xfe\x00", JSON, "invalid_json"),
        (b"a=1&" * 1000, FORM | TOKEN, "invalid_form_data"),
        (b"x", TOKEN | {"Content-Type": "text/plain"}, "invalid_post_type"),
        (b"x", TOKEN, "missing_post_type"),
    ],
)
def test_a_broken_body_is_answered_not_feared(
    server: SlackServer, body: bytes, headers: dict[str, str], error: str
) -> None:
    assert send(server, "/api/chat.postMessage", body, headers) == (
        200,
        {"ok": False, "error": error},
    )
    assert client(server).auth_test()["ok"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "2000000"}, 413),
        ({"Content-Length": "9" * 400}, 413),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "ten"}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_a_body_of_no_sane_size_is_not_read(
    server: SlackServer, headers: dict[str, str], status: int
) -> None:
    assert send(server, "/api/chat.postMessage", headers=JSON | headers)[0] == status


def test_a_token_counts_in_the_header_and_in_the_body_but_not_in_the_address(
    server: SlackServer,
) -> None:
    form = b"token=xoxb-form&channel=%23alerts&text=hello"
    assert send(server, "/api/chat.postMessage", form, FORM)[1]["ok"]
    assert send(server, "/api/auth.test?token=xoxb-address", headers={})[1] == {
        "ok": False,
        "error": "not_authed",
    }
    assert send(server, "/api/auth.test", headers=TOKEN, verb="GET")[1]["ok"]
    assert texts(server) == ["hello"]


def test_half_a_character_harms_nothing(server: SlackServer) -> None:
    body = b'{"channel": "#alerts", "text": "a\\ud83d b \\ud83d\\ude00"}'
    assert send(server, "/api/chat.postMessage", body)[1]["ok"]
    assert texts(server) == ["a? b 😀"]


def test_channels_are_made_and_changed_over_http(server: SlackServer) -> None:
    made = send(server, "/channels", b'{"name": "#alerts"}')[1]["channel"]
    changes = b'{"name": "#alerts", "is_archived": true, "new_name": "old-alerts"}'
    changed = send(server, "/channels", changes)[1]["channel"]
    assert (changed["id"], changed["name"]) == (made["id"], "old-alerts")
    assert changed["is_archived"]
    again = client(server).chat_postMessage(channel=CHANNEL, text="x")
    assert again["channel"] != made["id"]
    for wrong in (b"{}", b'{"name": "A B"}', b'{"name": "x", "is_member": 1}', b"{"):
        assert send(server, "/channels", wrong)[0] == 400


def test_the_dump_has_everything(server: SlackServer) -> None:
    client(server).chat_postMessage(channel=CHANNEL, text="hello")
    dump = send(server, "/api/dump", verb="GET")[1]
    assert [one["text"] for one in dump["channels"][0]["messages"]] == ["hello"]
    assert dump["calls"] == {"chat.postMessage ok": 1}
    assert server.dump() == {"channels": dump["channels"]}


def test_what_is_nowhere_is_not_found(server: SlackServer) -> None:
    assert send(server, "/elsewhere", verb="GET")[0] == 404
    assert send(server, "/", b"{}")[0] == 404
