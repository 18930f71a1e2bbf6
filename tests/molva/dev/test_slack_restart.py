"""What the local Slack has acknowledged it still knows after a restart, also after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from mentions.errors import ConfigError
from molva.dev.slack.server import SlackServer
from tests.molva.dev.slack_client import CHANNEL, client, refusal, texts

METADATA = {"event_type": "e", "event_payload": {"alert_id": "a1"}}


def test_everything_comes_back(tmp_path: Path) -> None:
    data = tmp_path / "new" / "slack.jsonl"
    with SlackServer(data=data) as server:
        slack = client(server)
        root = slack.chat_postMessage(channel=CHANNEL, text="корень", metadata=METADATA)
        where = {"channel": root["channel"], "ts": root["ts"]}
        slack.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=root["ts"])
        gone = slack.chat_postMessage(channel=CHANNEL, text="gone")
        slack.chat_update(**where, text="edited", blocks=[{"type": "divider"}])
        slack.chat_delete(channel=gone["channel"], ts=gone["ts"])
        before = server.dump()
    with SlackServer(data=data) as server:
        assert server.dump() == before
        later = client(server).chat_postMessage(channel=CHANNEL, text="later")
        assert later["ts"] > gone["ts"]
        assert later["channel"] == root["channel"]


def test_a_line_cut_off_by_a_kill_is_dropped(tmp_path: Path) -> None:
    data = tmp_path / "slack.jsonl"
    with SlackServer(data=data) as server:
        client(server).chat_postMessage(channel=CHANNEL, text="whole")
    whole = data.read_bytes()
    data.write_bytes(whole + whole.splitlines(keepends=True)[-1][:40])
    with SlackServer(data=data) as server:
        client(server).chat_postMessage(channel=CHANNEL, text="next")
        assert texts(server) == ["whole", "next"]
    with SlackServer(data=data) as server:
        assert texts(server) == ["whole", "next"]


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"op": "message"}', '{"op": "drop", "x": 1}'])
def test_a_file_of_something_else_is_named(tmp_path: Path, line: str) -> None:
    data = tmp_path / "slack.jsonl"
    data.write_text(line + "\n")
    with pytest.raises(ConfigError, match="Choose another --data file"):
        SlackServer(data=data)


def test_one_server_at_a_time_holds_the_file_and_the_port(tmp_path: Path) -> None:
    data = tmp_path / "slack.jsonl"
    with SlackServer(data=data) as server:
        with pytest.raises(ConfigError, match="in use by another local Slack"):
            SlackServer(data=data)
        with pytest.raises(ConfigError, match="is not free"):
            SlackServer(port=server.port)
    with SlackServer(data=data):
        pass


def test_a_full_disk_is_a_500_and_stores_nothing(tmp_path: Path) -> None:
    data = tmp_path / "slack.jsonl"
    with SlackServer(data=data) as server:
        slack = client(server)
        slack.chat_postMessage(channel=CHANNEL, text="before")
        server.workspace.close()  # any write fails from here on
        assert refusal(slack.chat_postMessage, channel=CHANNEL, text="lost").status_code == 500
        assert texts(server) == ["before"]
    with SlackServer(data=data) as server:
        assert texts(server) == ["before"]


class Started:
    """``molva dev slack`` in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "molva.cli", "dev", "slack", "--json", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.addresses: dict[str, str] = json.loads(self.process.stdout.readline())
        self.slack = WebClient(
            "xoxb-test", base_url=self.addresses["api_url"], retry_handlers=[], timeout=5
        )

    def end(self, signal_number: int) -> int:
        self.process.send_signal(signal_number)
        code = self.process.wait(timeout=10)
        assert self.process.stdout
        self.process.stdout.close()
        return code


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_ends_cleanly_even_while_a_call_hangs(
    tmp_path: Path, signal_number: int
) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\naction = "hang"\nseconds = 600\nmethod = "auth.test"\n')
    started = Started("--port", "0", "--faults", str(faults))
    started.slack.timeout = 1
    with pytest.raises(TimeoutError):
        started.slack.auth_test()
    began = time.monotonic()
    assert started.end(signal_number) == 0
    assert time.monotonic() - began < 3


def test_a_killed_server_has_kept_what_it_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "slack.jsonl"
    arguments = ("--port", "0", "--data", str(data), "--pace", "0")
    started = Started(*arguments)
    sent = [started.slack.chat_postMessage(channel=CHANNEL, text=str(n))["ts"] for n in range(50)]
    assert started.end(signal.SIGKILL) == -signal.SIGKILL
    again = Started(*arguments)
    [channel] = again.slack.conversations_list()["channels"]
    shown = again.slack.conversations_history(channel=channel["id"])["messages"]
    assert [one["ts"] for one in reversed(shown)] == sent
    assert again.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--faults", "missing.toml"], "cannot read missing.toml"),
        (["--tier", "chat.unknown=1"], "give METHOD=N"),
        (["--data", "/proc/none/slack.jsonl"], "cannot open"),
    ],
)
def test_the_command_names_a_mistake_and_its_cure(arguments: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "molva.cli", "dev", "slack", "--port", "0", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr


def test_options_reach_the_server() -> None:
    limits = ("--pace", "1", "--burst", "1", "--tier", "auth.test=1", "--history-page", "1")
    started = Started("--port", "0", "--channels", "#a, #b", *limits)
    slack = started.slack
    posted: Any = slack.chat_postMessage(channel="#a", text="x")
    for call, arguments in (
        (slack.chat_postMessage, {"channel": "#a", "text": "y"}),
        (slack.chat_postMessage, {"channel": "#c", "text": "y"}),
    ):
        assert refusal(call, **arguments)["error"] in ("ratelimited", "channel_not_found")
    assert slack.auth_test()["ok"]
    assert refusal(slack.auth_test).status_code == 429
    slack.chat_postMessage(channel="#b", text="x")
    assert len(slack.conversations_history(channel=posted["channel"])["messages"]) == 1
    assert started.end(signal.SIGTERM) == 0
