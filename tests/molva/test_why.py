"""``molva why URL`` and ``molva doctor`` against a real store and a local Slack."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from mentions.model import Action, Decision, Reason
from mentions.store import Store
from mentions.store.ledger import Reject, Seen
from molva.cli import molva
from molva.dev.slack.server import SlackServer
from molva.why import explain
from tests import servers
from tests.factories import NOW, alert, analysis, mention

WATCH = '[brands.romashka]\nname = "Ромашка"\nchannel = "#romashka"\n'


def test_every_stage_leaves_its_line(store: Store) -> None:
    post = mention(published_at=None, date_flag="missing")
    store.mentions.put([post])
    assert [line[21:] for line in explain(store, post.url)] == [
        f"stored as {post.id} for romashka, from forum, live, revision 1",
        "its date is missing: it counts as written when first seen",
        "waits for `molva score`",
    ]
    [stored] = store.mentions.get([post.id]).values()
    store.mentions.set_analysis([(stored, analysis(trusted=False, doubt="language"))])
    told = explain(store, post.url)
    assert told[2].endswith("by test@0; not trusted: language")
    assert told[3].endswith("waits for `molva decide`")
    [stored] = store.mentions.get([post.id]).values()
    decided = Decision(action=Action.ALERT, reason=Reason.URGENT, decided_at=NOW, revision=1)
    store.mentions.set_decision([(stored, decided)])
    assert "its alert is gone" in explain(store, post.url)[-1]
    store.alerts.create(alert())
    assert explain(store, post.url)[-1].endswith("alert for #romashka is new")


def test_what_was_posted_and_what_was_refused_say_where(store: Store) -> None:
    store.mentions.put([mention()])
    [stored] = store.mentions.get([mention().id]).values()
    store.mentions.set_analysis([(stored, analysis())])
    [stored] = store.mentions.get([mention().id]).values()
    decided = Decision(action=Action.ALERT, reason=Reason.URGENT, decided_at=NOW, revision=1)
    store.mentions.set_decision([(stored, decided)])
    sent = {"state": "sent", "sent_revision": 1, "sent_at": NOW}
    store.alerts.create(alert(ts="1.1", delivery=sent))
    assert explain(store, mention().url)[-1].endswith("posted to #romashka as 1.1, open")


def test_a_post_that_became_no_mention_says_why(store: Store) -> None:
    url = "https://a.example/1"
    store.ledger.seen([Seen("p1", "feed:a.example", "blog", url, "no brand")])
    store.ledger.reject([Reject("crawl", "blog", url, "no text", "<p></p>")])
    told = explain(store, url)
    assert told[0].endswith("read from blog, became no mention: no brand")
    assert told[1].endswith("set aside by crawl (blog): no text")


@pytest.mark.usefixtures("store")
def test_nothing_known_is_unhealthy_and_names_the_way_to_read_it(
    molva_env: Callable[[str], None],
) -> None:
    molva_env(WATCH)
    done = CliRunner().invoke(molva, ["why", "https://a.example/unknown"])
    assert done.exception is not None
    assert "molva crawl SOURCE --url URL" in str(done.exception)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with SlackServer(port=0) as server:
        monkeypatch.setenv("MOLVA_SLACK_TOKEN", "xoxb-test")
        monkeypatch.setenv("MOLVA_SLACK_API_URL", f"{server.url}/api/")
        yield


@pytest.mark.usefixtures("store", "slack")
def test_the_doctor_finds_a_whole_installation_well(molva_env: Callable[[str], None]) -> None:
    molva_env(WATCH)
    done = CliRunner().invoke(molva, ["doctor", "--json"])
    found = json.loads(done.output.splitlines()[-1])
    assert {part: note[:4] for part, note in found.items()} == dict.fromkeys(found, "well")
    assert {"store version", "store privileges", "slack", "judge", "secret"} <= set(found)


def test_the_doctor_names_all_that_is_ill(
    molva_env: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    molva_env(WATCH)
    monkeypatch.setenv("MOLVA_ELASTICSEARCH_URL", f"http://127.0.0.1:{servers.free_port()}")
    monkeypatch.setenv("MOLVA_SECRET", "short")
    monkeypatch.delenv("MOLVA_SLACK_TOKEN", raising=False)
    done = CliRunner().invoke(molva, ["doctor", "--json"])
    found = json.loads(done.output.splitlines()[-1])
    assert "MOLVA_SLACK_TOKEN" in found["slack"]
    assert "does not answer" in found["store version"]
    assert "shorter than 16" in found["secret"]
    assert "3 of" in str(done.exception)


def test_the_doctor_does_not_wait_for_a_store_that_is_silent(
    molva_env: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    molva_env(WATCH)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MOLVA_ELASTICSEARCH_URL", url)
        began = time.monotonic()
        done = CliRunner().invoke(molva, ["doctor", "--json"])
    assert time.monotonic() - began < 30
    found = json.loads(done.output.splitlines()[-1])
    assert "does not answer" in found["store version"]
