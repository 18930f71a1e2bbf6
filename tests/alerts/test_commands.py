"""The two commands as a person or Airflow runs them: exit codes, counts, cures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mentions.errors import ConfigError, TransientError, UnhealthyError
from mentions.model import Mention
from mentions.store import Store
from molva.cli import molva
from molva.dev.slack.server import SlackServer
from tests.alerts.samples import analysis, mention

pytestmark = pytest.mark.parametrize("store_url", ["embedded"], indirect=True)
CHANNEL = "#romashka"
WATCH = f"""
[brands.romashka]
name = "Ромашка"
channel = "{CHANNEL}"
"""


@pytest.fixture
def slack(
    molva_env: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[SlackServer]:
    molva_env(WATCH)
    with SlackServer(channels=[CHANNEL, "#other"]) as server:
        monkeypatch.setenv("MOLVA_SLACK_API_URL", server.api_url)
        monkeypatch.setenv("MOLVA_SLACK_TOKEN", "xoxb-test")
        yield server


def run(*arguments: str) -> Result:
    return CliRunner().invoke(molva, [*arguments, "--json"])


def counts(result: Result) -> dict[str, Any]:
    # In this process logging is not configured, and its lines come first.
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def judged(store: Store) -> Mention:
    about = mention()
    store.mentions.put([about])
    stored = store.mentions.get([about.id])[about.id]
    store.mentions.set_analysis([(stored, analysis())])
    return about


def test_decide_then_respond(store: Store, slack: SlackServer) -> None:
    judged(store)
    tried = counts(run("decide", "--dry-run"))
    assert (tried["dry_run"], tried["alert"]) == (True, 1)
    assert counts(run("decide"))["alert"] == 1
    assert counts(run("respond", "--drain"))["posted"] == 1
    assert len(slack.messages(CHANNEL)) == 1
    decided, responded = store.ledger.last_run("decide"), store.ledger.last_run("respond")
    assert decided is not None
    assert responded is not None
    assert (decided.verdict, decided.counts["alert"]) == ("ok", 1)
    assert (responded.verdict, responded.counts["posted"]) == ("ok", 1)


def test_respond_without_a_token_says_what_to_set(
    store: Store, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOLVA_SLACK_TOKEN")
    failure = run("respond", "--drain").exception
    assert isinstance(failure, ConfigError)
    assert "MOLVA_SLACK_TOKEN is not set" in str(failure)


def test_respond_with_a_wrong_token_says_so(store: Store, slack: SlackServer) -> None:
    slack.add_faults({"action": "error", "error": "invalid_auth", "method": "auth.test"})
    failure = run("respond", "--drain").exception
    assert isinstance(failure, ConfigError)
    assert "invalid_auth" in str(failure)


def test_a_refused_alert_turns_every_run_red_until_it_is_put_right(
    store: Store, slack: SlackServer, molva_env: Callable[[str], None]
) -> None:
    judged(store)
    molva_env(WATCH.replace(CHANNEL, "#missing"))
    run("decide")
    for dead in (1, 0):
        red = run("respond", "--drain")
        assert isinstance(red.exception, UnhealthyError)
        assert counts(red)["dead"] == dead
    molva_env(WATCH)
    assert counts(run("respond", "--drain", "--revive"))["posted"] == 1
    last = store.ledger.last_run("respond")
    assert last is not None
    assert last.verdict == "ok"


def test_a_refused_update_turns_every_run_red_until_it_is_put_right(
    store: Store, slack: SlackServer
) -> None:
    about = judged(store)
    run("decide")
    run("respond", "--drain")
    store.mentions.put([about.model_copy(update={"text": "Правка."})])
    stored = store.mentions.get([about.id])[about.id]
    store.mentions.set_analysis([(stored, analysis())])
    run("decide")
    slack.add_faults({"action": "error", "error": "msg_too_long", "method": "chat.update"})
    for dead in (1, 0):
        red = run("respond", "--drain")
        assert isinstance(red.exception, UnhealthyError)
        assert counts(red)["dead"] == dead
    assert counts(run("respond", "--drain", "--revive"))["updated"] == 1
    assert len(slack.messages(CHANNEL)) == 1


def test_slack_down_is_try_again_later(store: Store, slack: SlackServer) -> None:
    judged(store)
    run("decide")
    slack.refuse()
    late = run("respond", "--drain", "--patience", "1s")
    assert isinstance(late.exception, TransientError)
    assert counts(late)["posted"] == 0
    slack.accept()
    # Its own wait from the failed attempts is over within seconds.
    assert counts(run("respond", "--drain"))["posted"] == 1


def test_a_wait_must_have_its_unit(store: Store, slack: SlackServer) -> None:
    result = run("respond", "--drain", "--grace", "soon")
    assert result.exit_code == 2
