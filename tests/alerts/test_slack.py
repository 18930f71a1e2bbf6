"""What the messenger makes of everything that can happen on the way to Slack, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.messenger import Look, NotSeen, NotSent, Outcome, Refused, Sent, Unknown
from alerts.render import Case, Manner, Message, outbound
from alerts.slack import SlackMessenger, connect, sighting_of
from mentions.errors import ConfigError, UnhealthyError
from molva.dev.slack.server import SlackServer
from tests.alerts.samples import alert, analysis, mention
from tests.factories import settings

CHANNEL = "#romashka"
SINCE = timedelta(minutes=2)


def message(native_id: str = "17", revision: int = 1, **said: Any) -> Message:
    about = mention(native_id=native_id, revision=revision, **said)
    return outbound(Case(alert(of=about), about, analysis()), Manner(brand="Ромашка"))


def messenger(slack: SlackServer, token: str = "xoxb-test") -> SlackMessenger:
    return SlackMessenger(connect(token, slack.api_url))


def nameless(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Slack names the blocks that came without a name."""
    return [{**block, "block_id": None} for block in blocks]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def test_a_message_is_posted_as_rendered(slack: SlackServer) -> None:
    rendered = message()
    outcome = messenger(slack).post(CHANNEL, rendered, "a1")
    [shown] = slack.messages(CHANNEL)
    assert isinstance(outcome, Sent)
    assert outcome.ts == shown["ts"]
    assert nameless(shown["blocks"]) == nameless(rendered.blocks)
    assert shown["blocks"][0] == rendered.blocks[0]
    assert shown["metadata"] == rendered.metadata("a1")


def test_hostile_text_pages_nobody(slack: SlackServer) -> None:
    text = "<!channel> <@U12345678> <!subteam^S1> @here &lt;!everyone&gt; https://evil.example"
    rendered = message(text=text, title=text, author_name=text)
    assert isinstance(messenger(slack).post(CHANNEL, rendered, "a1"), Sent)
    assert slack.pings() == []


def test_an_update_replaces_the_message(slack: SlackServer) -> None:
    chat = messenger(slack)
    sent = chat.post(CHANNEL, message(), "a1")
    assert isinstance(sent, Sent)
    newer = message(revision=2, text="Деньги вернули, спасибо.")
    assert chat.update(sent.channel_id, sent.ts, newer, "a2") == sent
    [shown] = slack.messages(CHANNEL)
    assert nameless(shown["blocks"]) == nameless(newer.blocks)
    assert shown["metadata"]["event_payload"]["revision"] == 2


@pytest.mark.parametrize(
    ("wish", "understood"), [(7, 7.0), ("2.5", 2.5), (None, None), ("soon", None), ("-3", None)]
)
def test_a_429_is_certainly_not_sent(
    slack: SlackServer, wish: int | str | None, understood: float | None
) -> None:
    slack.add_faults({"action": "ratelimit", "retry_after": wish})
    outcome = messenger(slack).post(CHANNEL, message(), "a1")
    assert outcome == NotSent("ratelimited", retry_after=understood)


def test_an_endless_wish_to_wait_is_cut(slack: SlackServer) -> None:
    slack.add_faults({"action": "ratelimit", "retry_after": 10**9})
    assert messenger(slack).post(CHANNEL, message(), "a1") == NotSent("ratelimited", 86_400)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("host", ["127.0.0.1", "slack.invalid"])
def test_a_server_that_is_not_there_has_certainly_nothing(host: str) -> None:
    chat = SlackMessenger(connect("xoxb-test", f"http://{host}:{closed_port()}/api/"))
    assert isinstance(chat.post(CHANNEL, message(), "a1"), NotSent)
    chat.check()  # no error: the credentials may be fine
    with pytest.raises(UnhealthyError, match="does not answer"):
        chat.check(now=True)


SYMPTOMS: list[dict[str, Any]] = [
    {"action": "reset"},
    {"action": "close"},
    {"action": "truncate"},
    {"action": "status", "code": 500},
    {"action": "status", "code": 503, "body": "", "content_type": "text/plain"},
    {"action": "status", "code": 504, "body": '{"ok": false, "error": "x"}'},
    {"action": "status", "code": 200},
    {"action": "status", "code": 200, "content_type": "text/html; charset=unheard-of"},
    {"action": "status", "code": 200, "body": "[1]"},
    {"action": "status", "code": 200, "body": "null"},
    {"action": "status", "code": 200, "body": '{"ok": true}'},
    {"action": "error", "error": "internal_error"},
    {"action": "error", "error": "fatal_error"},
    {"action": "error", "error": "service_unavailable"},
]


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda s: "-".join(map(str, s.values()))[:40])
def test_the_same_symptom_means_both_so_it_proves_nothing(
    slack: SlackServer, symptom: dict[str, Any], stored: bool
) -> None:
    slack.add_faults({**symptom, "stored": stored})
    outcome = messenger(slack).post(CHANNEL, message(), "a1")
    assert isinstance(outcome, Unknown)
    assert len(slack.messages(CHANNEL)) == stored


@pytest.mark.parametrize("stored", [True, False])
def test_silence_proves_nothing(slack: SlackServer, stored: bool) -> None:
    slack.add_faults({"action": "hang", "seconds": 5, "stored": stored})
    client = connect("xoxb-test", slack.api_url)
    client.timeout = 1
    assert isinstance(SlackMessenger(client).post(CHANNEL, message(), "a1"), Unknown)
    assert len(slack.messages(CHANNEL)) == stored


def test_a_proxy_that_refuses_has_sent_nothing(slack: SlackServer) -> None:
    slack.add_faults({"action": "status", "code": 403})
    outcome = messenger(slack).post(CHANNEL, message(), "a1")
    assert outcome == NotSent("http 403 without JSON")


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "not_in_channel", "new_one"])
def test_what_slack_refuses_it_will_refuse_again(slack: SlackServer, error: str) -> None:
    slack.add_faults({"action": "error", "error": error})
    assert messenger(slack).post(CHANNEL, message(), "a1") == Refused(error)


@pytest.mark.parametrize("error", ["request_timeout", "team_added_to_org"])
def test_a_refusal_that_passes_is_no_end(slack: SlackServer, error: str) -> None:
    slack.add_faults({"action": "error", "error": error})
    assert messenger(slack).post(CHANNEL, message(), "a1") == NotSent(error)


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "missing_scope"])
def test_refused_credentials_are_for_a_person_and_kill_no_alert(
    slack: SlackServer, error: str
) -> None:
    slack.add_faults({"action": "error", "error": error, "times": 2})
    chat = messenger(slack)
    with pytest.raises(ConfigError, match="MOLVA_SLACK_TOKEN"):
        chat.post(CHANNEL, message(), "a1")
    with pytest.raises(ConfigError, match=error):
        chat.check()


def test_no_token_is_an_error_with_its_cure() -> None:
    with pytest.raises(ConfigError, match="MOLVA_SLACK_TOKEN is not set"):
        SlackMessenger.of(settings())


def now() -> datetime:
    return datetime.now(UTC)


def test_a_look_finds_our_own_messages_on_all_pages() -> None:
    from molva.dev.slack.pace import Pace

    with SlackServer(pace=Pace(per_second=0, per_minute={}, page=2)) as slack:
        chat = messenger(slack)
        outcomes = [chat.post(CHANNEL, message(f"p{n}"), "a") for n in range(5)]
        messenger(slack, "xoxb-another-app").post(CHANNEL, message("p7"), "a")
        look = messenger(slack).look(CHANNEL, now() - SINCE)
        assert isinstance(look, Look)
        assert [seen.ts for seen in look.sightings] == [
            outcome.ts for outcome in outcomes if isinstance(outcome, Sent)
        ]
        assert [seen.alert_id for seen in look.sightings] == [
            mention(native_id=f"p{n}").id for n in range(5)
        ]
        assert slack.calls()["conversations.history ok"] == 3


def test_a_look_goes_no_further_back_than_asked(slack: SlackServer) -> None:
    chat = messenger(slack)
    chat.post(CHANNEL, message(), "a1")
    assert chat.look(CHANNEL, now() + SINCE) == Look(())


def test_a_message_without_its_metadata_is_known_by_its_first_block(slack: SlackServer) -> None:
    chat = messenger(slack)
    chat.post(CHANNEL, message(revision=3), "a1")
    slack.add_faults({"action": "no_metadata"})
    look = chat.look(CHANNEL, now() - SINCE)
    assert isinstance(look, Look)
    [seen] = look.of(mention().id)
    assert seen.revision == 3


@pytest.mark.parametrize(
    "foreign",
    [
        {"ts": "1.0"},
        {"ts": "1.0", "blocks": [], "metadata": None},
        {"ts": "1.0", "blocks": [{"type": "divider"}], "metadata": {"event_type": "else"}},
        {"ts": "1.0", "metadata": {"event_type": "molva_alert", "event_payload": {}}},
    ],
)
def test_other_messages_of_our_app_are_no_alerts(foreign: dict[str, Any]) -> None:
    assert sighting_of(foreign, "C1") is None


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "ratelimit", "retry_after": 9, "method": "conversations.history"},
        {"action": "error", "error": "internal_error", "method": "conversations.history"},
        {"action": "error", "error": "missing_scope", "method": "conversations.list"},
        {"action": "reset", "method": "auth.test"},
    ],
    ids=lambda fault: str(fault["method"]),
)
def test_a_channel_that_cannot_be_read_proves_nothing(
    slack: SlackServer, fault: dict[str, Any]
) -> None:
    messenger(slack).post(CHANNEL, message(), "a1")
    slack.add_faults(fault)
    look = messenger(slack).look(CHANNEL, now() - SINCE)
    assert isinstance(look, NotSeen)
    assert look.retry_after == fault.get("retry_after")


def test_a_channel_that_does_not_exist_holds_nothing(slack: SlackServer) -> None:
    assert messenger(slack).look("#nowhere", now()) == Look(())


def test_a_channel_that_we_lost_sight_of_proves_nothing(slack: SlackServer) -> None:
    assert messenger(slack).look("C0000000001", now()) == NotSeen("channel_not_found")


def test_the_client_never_retries(slack: SlackServer) -> None:
    slack.add_faults({"action": "reset", "stored": True, "times": "always"})
    outcome: Outcome = messenger(slack).post(CHANNEL, message(), "a1")
    assert isinstance(outcome, Unknown)
    assert len(slack.messages(CHANNEL)) == 1
