"""Killed at each failpoint, and at any moment at all, the next run comes to the same end."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mentions.failpoints import FAILPOINTS
from mentions.model import DeliveryState, Mention
from mentions.store import Store
from molva.dev.slack.server import SlackServer
from tests.alerts.samples import analysis, mention

CHANNEL = "#romashka"
WATCH = f"""
[brands.romashka]
name = "Ромашка"
channel = "{CHANNEL}"
"""
OURS = [name for name in FAILPOINTS if name.startswith(("decide-", "respond-"))]


@pytest.fixture
def slack(
    molva_env: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[SlackServer]:
    """A local Slack, to which the ``molva`` command posts."""
    molva_env(WATCH)
    with SlackServer() as server:
        monkeypatch.setenv("MOLVA_SLACK_API_URL", server.api_url)
        monkeypatch.setenv("MOLVA_SLACK_TOKEN", "xoxb-test")
        monkeypatch.setenv("MOLVA_RESPOND_LEASE", "2s")
        monkeypatch.setenv("MOLVA_RESPOND_GRACE", "1s")
        monkeypatch.setenv("MOLVA_RESPOND_PATIENCE", "20s")
        yield server


def argv(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "molva.cli", *arguments, "--json"]


def molva(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(*arguments), capture_output=True, text=True, timeout=120, check=False
    )


def counts(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def judged(store: Store, count: int) -> list[Mention]:
    about = [mention(native_id=f"p{n}", text=f"Пост {n}") for n in range(count)]
    store.mentions.put(about)
    stored = store.mentions.get([m.id for m in about])
    store.mentions.set_analysis([(s, analysis()) for s in stored.values()])
    return about


def shown(slack: SlackServer) -> Counter[str]:
    return Counter(str(m["metadata"]["event_payload"]["alert_id"]) for m in slack.messages(CHANNEL))


def assert_all_is_as_if_nothing_had_happened(
    store: Store, slack: SlackServer, about: list[Mention]
) -> None:
    assert shown(slack) == Counter({m.id: 1 for m in about})
    standing = {m["ts"] for m in slack.messages(CHANNEL)}
    for one in about:
        stored = store.alerts.get(one.id)
        assert stored is not None
        assert stored.alert.delivery.state is DeliveryState.SENT
        assert stored.alert.ts in standing
    assert list(store.mentions.undecided()) == []


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", OURS)
def test_a_run_killed_at_a_failpoint_is_made_good_by_the_next(
    store: Store, slack: SlackServer, monkeypatch: pytest.MonkeyPatch, failpoint: str
) -> None:
    about = judged(store, 3)
    stage = ["decide"] if failpoint.startswith("decide") else ["respond", "--drain"]
    if stage != ["decide"]:
        counts(molva("decide"))
    monkeypatch.setenv("MOLVA_FAILPOINT", failpoint)
    assert molva(*stage).returncode == -signal.SIGKILL
    monkeypatch.delenv("MOLVA_FAILPOINT")
    counts(molva("decide"))
    counts(molva("respond", "--drain"))
    assert_all_is_as_if_nothing_had_happened(store, slack, about)
    again = counts(molva("respond", "--drain"))
    assert (again["posted"], again["found"], again["updated"]) == (0, 0, 0)


@pytest.mark.slow
def test_killed_again_and_again_at_any_moment_it_ends_the_same(
    store: Store, slack: SlackServer
) -> None:
    about = judged(store, 12)
    counts(molva("decide"))
    slow = {"action": "hang", "stored": True, "method": "chat.postMessage", "times": "always"}
    slack.add_faults({**slow, "seconds": 0.1})
    chance = random.Random(20261120)
    for _ in range(5):
        process = subprocess.Popen(argv("respond", "--drain"), stdout=subprocess.DEVNULL)
        wait_for_a_call(slack)
        time.sleep(chance.uniform(0, 2))
        process.kill()
        process.wait()
    counts(molva("respond", "--drain"))
    assert_all_is_as_if_nothing_had_happened(store, slack, about)


def wait_for_a_call(slack: SlackServer) -> None:
    before, deadline = sum(slack.calls().values()), time.monotonic() + 20
    while sum(slack.calls().values()) == before and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.slow
def test_a_service_told_to_end_finishes_its_step(store: Store, slack: SlackServer) -> None:
    about = judged(store, 2)
    counts(molva("decide"))
    process = subprocess.Popen(argv("respond"), stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while len(shown(slack)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert json.loads(output)["posted"] == 2
    assert_all_is_as_if_nothing_had_happened(store, slack, about)
