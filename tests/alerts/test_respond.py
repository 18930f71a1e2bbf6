"""Every expected alert stands in its channel exactly once, whatever happens on the way.

The real client, over real sockets, against the local Slack with its faults; waits are shortened.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts import respond, states
from alerts.decide import Decider
from alerts.outbox import Courier
from alerts.pace import Timing
from alerts.render import Case, Manner, outbound
from alerts.respond import Responder
from alerts.slack import SlackMessenger, connect
from mentions.counts import Counts
from mentions.errors import ConfigError, TransientError
from mentions.model import Alert, Analysis, DeliveryState, Mention, Urgency
from mentions.settings import Settings
from mentions.store import Store, open_store
from molva.dev.slack.server import SlackServer
from tests.alerts.samples import alert, analysis, mention
from tests.factories import settings
from tests.turnstile import turnstile

CHANNEL = "#romashka"
SHORT_LEASE = timedelta(seconds=2)
QUICK = Timing(
    lease=timedelta(seconds=30),
    grace=timedelta(seconds=0.3),
    patience=timedelta(seconds=15),
    post_gap=0.01,
    update_gap=0.01,
    look_gap=0.01,
    poll=0.05,
)
URGENT = analysis(urgency=Urgency.CRITICAL)
embedded = pytest.mark.parametrize("store_url", ["embedded"], indirect=True)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def messenger(slack: SlackServer, timeout: int = 1) -> SlackMessenger:
    client = connect("xoxb-test", slack.api_url)
    client.timeout = timeout
    return SlackMessenger(client)


def judged(store: Store, about: list[Mention], opinion: Analysis) -> None:
    store.mentions.put(about)
    stored = store.mentions.get([m.id for m in about])
    store.mentions.set_analysis([(s, opinion) for s in stored.values()])


def alerted(
    store: Store, settings: Settings, count: int = 1, opinion: Analysis = URGENT, **said: Any
) -> list[Mention]:
    """Mentions that are judged and decided, whose alerts wait in the outbox."""
    about = [mention(**({"native_id": f"p{n}", "text": f"Пост {n}"} | said)) for n in range(count)]
    judged(store, about, opinion)
    Decider(store, settings).decide()
    return about


def drain(store: Store, settings: Settings, slack: SlackServer, **options: Any) -> Counts:
    responder = Responder(store, messenger(slack), settings, timing=QUICK, **options)
    responder.drain()
    return responder.counts


def shown(slack: SlackServer, *channels: str) -> Counter[str]:
    """Alert ids that the channels show, and how often."""
    return Counter(
        str(message["metadata"]["event_payload"]["alert_id"])
        for channel in channels or (CHANNEL,)
        for message in slack.messages(channel)
    )


def once(expected: Sequence[Mention]) -> Counter[str]:
    return Counter({m.id: 1 for m in expected})


def alert_of(store: Store, about: Mention) -> Alert:
    stored = store.alerts.get(about.id)
    assert stored is not None
    return stored.alert


def test_each_alert_is_shown_once_and_the_outbox_agrees(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings, 5)
    assert drain(store, store_settings, slack)["posted"] == 5
    assert shown(slack) == once(about)
    for one in about:
        alert = alert_of(store, one)
        [message] = [m for m in slack.messages(CHANNEL) if m["ts"] == alert.ts]
        assert message["metadata"]["event_payload"]["alert_id"] == one.id
        assert (alert.delivery.state, alert.delivery.sent_revision) == (DeliveryState.SENT, 1)
    assert [event["kind"] for event in store.alerts.events(about[0].id)] == ["posted"]
    assert drain(store, store_settings, slack)["posted"] == 0
    assert shown(slack) == once(about)


STORED = [
    {"action": "reset", "stored": True},
    {"action": "close", "stored": True},
    {"action": "truncate", "stored": True},
    {"action": "hang", "seconds": 3, "stored": True},
    {"action": "status", "code": 500, "stored": True},
    {"action": "status", "code": 503, "stored": True},
    {"action": "error", "error": "internal_error", "stored": True},
    {"action": "error", "error": "fatal_error", "stored": True},
]
LOST = [{**fault, "stored": False} for fault in STORED]


def name(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


@embedded
@pytest.mark.parametrize("fault", STORED, ids=name)
def test_what_arrived_without_an_answer_is_found_and_not_posted_again(
    store: Store, store_settings: Settings, slack: SlackServer, fault: dict[str, Any]
) -> None:
    about = alerted(store, store_settings, 3)
    slack.add_faults({**fault, "method": "chat.postMessage", "nth": 2})
    counts = drain(store, store_settings, slack)
    assert shown(slack) == once(about)
    assert (counts["posted"], counts["unknown"], counts["found"]) == (2, 1, 1)


@embedded
@pytest.mark.parametrize("fault", LOST, ids=name)
def test_what_never_arrived_is_posted_again_once_that_is_proved(
    store: Store, store_settings: Settings, slack: SlackServer, fault: dict[str, Any]
) -> None:
    about = alerted(store, store_settings, 3)
    slack.add_faults({**fault, "method": "chat.postMessage", "nth": 2})
    counts = drain(store, store_settings, slack)
    assert shown(slack) == once(about)
    assert (counts["unknown"], counts["looked"], counts["absent"]) == (1, 1, 1)
    assert counts["posted"] == 3


@embedded
def test_a_message_that_shows_late_is_waited_for(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings)
    slack.add_faults(
        {"action": "reset", "stored": True, "method": "chat.postMessage"},
        {"action": "lag", "seconds": 60, "method": "conversations.history"},
    )
    counts = drain(store, store_settings, slack)
    assert shown(slack) == once(about)
    assert (counts["looked"], counts["found"]) == (1, 1)


@embedded
def test_a_channel_that_cannot_be_read_is_read_later(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings)
    slack.add_faults(
        {"action": "reset", "stored": True, "method": "chat.postMessage"},
        {"action": "ratelimit", "retry_after": 1, "method": "conversations.history"},
    )
    counts = drain(store, store_settings, slack)
    assert shown(slack) == once(about)
    assert (counts["unread"], counts["found"]) == (1, 1)


@embedded
@pytest.mark.parametrize("wish", [1, None, "soon"])
def test_a_429_is_honoured_and_nothing_is_lost(
    store: Store, store_settings: Settings, slack: SlackServer, wish: int | str | None
) -> None:
    about = alerted(store, store_settings, 3)
    limit = {"action": "ratelimit", "retry_after": wish, "method": "chat.postMessage"}
    slack.add_faults({**limit, "nth": 2})
    counts = drain(store, store_settings, slack)
    assert shown(slack) == once(about)
    assert (counts["posted"], counts["postponed"]) == (3, 1)


TWO = {
    "brands": {
        "romashka": {"name": "Ромашка", "channel": CHANNEL},
        "lutik": {"name": "Лютик", "channel": "#lutik"},
    }
}


@embedded
def test_a_channel_that_must_wait_does_not_delay_another(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    both = settings(watch=TWO)
    paused = alerted(store, both, 2)
    free = alerted(store, both, 6, brand="lutik")
    limit = {"action": "ratelimit", "retry_after": 4, "method": "chat.postMessage"}
    slack.add_faults({**limit, "channel": CHANNEL, "times": 1})
    drain(store, both, slack)
    assert shown(slack, CHANNEL, "#lutik") == once([*paused, *free])
    first = min(float(m["ts"]) for m in slack.messages(CHANNEL))
    last = max(float(m["ts"]) for m in slack.messages("#lutik"))
    assert last < first


@embedded
def test_the_pace_that_slack_allows_is_kept(store: Store, store_settings: Settings) -> None:
    from molva.dev.slack.pace import Pace

    with SlackServer(pace=Pace(burst=1)) as strict:
        about = alerted(store, store_settings, 4)
        Responder(store, messenger(strict), store_settings).drain()
        assert shown(strict) == once(about)
        assert strict.calls() == {"chat.postMessage ok": 4}


@embedded
def test_slack_down_keeps_alerts_in_the_outbox_and_slack_up_brings_them_out(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings, 5)
    slack.refuse()
    responder = Responder(
        store,
        messenger(slack),
        store_settings,
        timing=Timing(post_gap=0.01, poll=0.05, patience=timedelta(seconds=2)),
    )
    with pytest.raises(TransientError, match="wait in the outbox"):
        responder.drain()
    assert responder.counts["posted"] == 0
    assert len(store.alerts.pending()) == 5
    slack.accept()
    drain(store, store_settings, slack)
    assert shown(slack) == once(about)


@embedded
def test_an_outage_costs_few_attempts(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    alerted(store, store_settings, 30)
    slack.refuse()
    patience = timedelta(seconds=2)
    timing = Timing(post_gap=0.01, poll=0.05, patience=patience)
    responder = Responder(store, messenger(slack), store_settings, timing=timing)
    with pytest.raises(TransientError):
        responder.drain()
    assert responder.counts["postponed"] <= 5


@embedded
def test_a_dead_channel_is_seen_and_can_be_put_right(store: Store) -> None:
    wrong = settings(watch={"brands": {"romashka": {"name": "Ромашка", "channel": "#gone"}}})
    right = settings(watch={"brands": {"romashka": {"name": "Ромашка", "channel": CHANNEL}}})
    with SlackServer(channels=[CHANNEL]) as slack:
        about = alerted(store, wrong, 2)
        assert drain(store, wrong, slack)["dead"] == 2
        assert alert_of(store, about[0]).delivery.error == "channel_not_found"
        assert store.alerts.refused(right.brands) == 2
        assert store.alerts.refused([]) == 0
        assert drain(store, right, slack)["posted"] == 0
        assert respond.revive(store, right) == {"revived": 2}
        assert drain(store, right, slack)["posted"] == 2
        assert shown(slack) == once(about)
        assert store.alerts.refused(right.brands) == 0


@embedded
def test_refused_credentials_stop_everything_and_kill_nothing(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings, 3)
    slack.add_faults({"action": "error", "error": "token_revoked", "method": "chat.postMessage"})
    with pytest.raises(ConfigError, match="MOLVA_SLACK_TOKEN"):
        drain(store, store_settings, slack)
    drain(store, store_settings, slack)
    assert shown(slack) == once(about)


def changed(store: Store, settings: Settings, about: Mention, opinion: Analysis) -> None:
    judged(store, [about.model_copy(update={"text": "Правка: деньги вернули."})], opinion)
    Decider(store, settings).decide()


def test_a_changed_post_changes_its_message(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    drain(store, store_settings, slack)
    changed(store, store_settings, about, analysis(urgency=Urgency.LOW, intent="info"))
    assert drain(store, store_settings, slack)["updated"] == 1
    [message] = slack.messages(CHANNEL)
    assert "деньги вернули" in str(message["blocks"])
    assert "после правки срочность снята" in str(message["blocks"])
    assert message["metadata"]["event_payload"]["revision"] == 2
    assert drain(store, store_settings, slack)["updated"] == 0


@embedded
def test_an_alert_that_goes_out_before_its_decision_gets_its_reason(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = mention()
    judged(store, [about], URGENT)
    store.alerts.create(alert(of=about, urgency=Urgency.CRITICAL))
    stored = store.alerts.get(about.id)
    assert stored is not None
    assert courier(store, slack).deliver(stored)[0] == "posted"
    assert "время дорого" not in str(slack.messages(CHANNEL))
    Decider(store, store_settings).decide()
    assert drain(store, store_settings, slack)["updated"] == 1
    [message] = slack.messages(CHANNEL)
    assert "время дорого" in str(message["blocks"])
    assert drain(store, store_settings, slack)["updated"] == 0


@embedded
def test_a_decision_that_never_comes_is_waited_for_once(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = mention()
    judged(store, [about], URGENT)
    store.alerts.create(alert(of=about))
    counts = drain(store, store_settings, slack)
    assert (counts["posted"], counts["updated"]) == (1, 1)
    assert store.alerts.pending() == []


def wait_for_message(slack: SlackServer) -> None:
    deadline = time.monotonic() + 10
    while not slack.messages(CHANNEL) and time.monotonic() < deadline:
        time.sleep(0.01)


SLOW_ANSWER = {"action": "hang", "seconds": 0.7, "stored": True, "method": "chat.postMessage"}


@embedded
def test_a_post_that_changes_while_it_is_being_posted_is_posted_and_updated(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    slack.add_faults(SLOW_ANSWER)
    responder = Responder(store, messenger(slack, 3), store_settings, timing=QUICK)
    draining = threading.Thread(target=responder.drain)
    draining.start()
    wait_for_message(slack)
    changed(store, store_settings, about, URGENT)
    draining.join(20)
    assert shown(slack) == once([about])
    assert (responder.counts["posted"], responder.counts["updated"]) == (1, 1)
    assert responder.counts["unknown"] == responder.counts["found"] == 0


def courier(
    store: Store,
    slack: SlackServer,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Courier:
    return Courier(
        store.alerts,
        store.mentions,
        messenger(slack, 3),
        lambda brand: Manner(brand=brand),
        timing=replace(QUICK, lease=SHORT_LEASE),
        clock=clock,
    )


@embedded
def test_whoever_slept_through_its_lease_sends_nothing(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    stored = store.alerts.get(about.id)
    assert stored is not None
    moments = iter([datetime.now(UTC), datetime.now(UTC) + SHORT_LEASE])
    done, _ = courier(store, slack, lambda: next(moments)).deliver(stored)
    assert done == "late"
    assert slack.messages(CHANNEL) == []
    drain(store, store_settings, slack)
    assert shown(slack) == once([about])


@embedded
def test_whoever_was_overtaken_leaves_the_record_alone(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    stored = store.alerts.get(about.id)
    assert stored is not None
    slack.add_faults(SLOW_ANSWER)
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(courier(store, slack).deliver, stored)
        wait_for_message(slack)
        claim = store.alerts.get(about.id)
        assert claim is not None
        other = states.claimed(
            claim.alert, attempt_id="other", now=datetime.now(UTC), lease=SHORT_LEASE
        )
        assert store.alerts.replace(claim, other)
        assert posting.result()[0] == "overtaken"
    assert alert_of(store, about) == other
    drain(store, store_settings, slack)
    assert shown(slack) == once([about])


@embedded
def test_a_message_that_stands_there_twice_is_reported(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    stored = store.alerts.get(about.id)
    assert stored is not None
    rendered = outbound(Case(stored.alert, about), Manner(brand="Ромашка"))
    messenger(slack).post(CHANNEL, rendered, "from somewhere else")
    slack.add_faults({"action": "reset", "stored": True, "method": "chat.postMessage"})
    counts = drain(store, store_settings, slack)
    assert (counts["found"], counts["duplicate"]) == (1, 1)
    assert alert_of(store, about).ts == slack.messages(CHANNEL)[0]["ts"]


@embedded
@pytest.mark.parametrize("fault", [STORED[0], LOST[0], STORED[3], LOST[4]], ids=name)
def test_an_update_is_simply_done_again(
    store: Store, store_settings: Settings, slack: SlackServer, fault: dict[str, Any]
) -> None:
    [about] = alerted(store, store_settings)
    drain(store, store_settings, slack)
    changed(store, store_settings, about, URGENT)
    slack.add_faults({**fault, "method": "chat.update"})
    counts = drain(store, store_settings, slack)
    assert (counts["postponed"], counts["updated"]) == (1, 1)
    assert shown(slack) == once([about])


@embedded
def test_a_message_that_was_deleted_is_not_updated_and_that_is_seen(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    drain(store, store_settings, slack)
    alert = alert_of(store, about)
    connect("xoxb-test", slack.api_url).chat_delete(channel=str(alert.channel_id), ts=str(alert.ts))
    changed(store, store_settings, about, URGENT)
    assert drain(store, store_settings, slack)["dead"] == 1
    assert alert_of(store, about).delivery.error == "message_not_found"
    assert store.alerts.refused(store_settings.brands) == 0


@embedded
def test_an_alert_whose_mention_cannot_be_read_waits_and_does_not_count_as_erased(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    error = {"type": "no_shard_available_action_exception"}
    with turnstile(str(store_settings.environment.elasticsearch_url), on="/_mget") as gate:
        gate.faults = [{"docs": [{"_index": "…", "_id": about.id, "error": error}]}]
        through = settings(elasticsearch_url=gate.url, namespace=store_settings.namespace)
        with open_store(through) as behind, pytest.raises(TransientError, match="mention"):
            drain(behind, through, slack)
    assert alert_of(store, about).delivery.state is DeliveryState.NEW
    assert drain(store, store_settings, slack)["posted"] == 1


REFUSED_UPDATE = {"action": "error", "error": "msg_too_long", "method": "chat.update"}


@embedded
def test_a_refused_update_gets_another_life_as_an_update(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    [about] = alerted(store, store_settings)
    drain(store, store_settings, slack)
    changed(store, store_settings, about, URGENT)
    slack.add_faults(REFUSED_UPDATE)
    assert drain(store, store_settings, slack)["dead"] == 1
    assert store.alerts.refused(store_settings.brands) == 1
    assert respond.revive(store, store_settings) == {"revived": 1}
    assert store.alerts.refused(store_settings.brands) == 0
    assert drain(store, store_settings, slack)["updated"] == 1
    assert shown(slack) == once([about])
    assert slack.messages(CHANNEL)[0]["metadata"]["event_payload"]["revision"] == 2


@embedded
def test_an_erased_mention_is_not_shown_any_more(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about, kept = alerted(store, store_settings, 2)
    store.client.call(lambda es: es.delete(index=store.names.index("mentions"), id=about.id))
    assert drain(store, store_settings, slack)["gone"] == 1
    assert shown(slack) == once([kept])
    assert store.alerts.refused(store_settings.brands) == 0
    assert respond.revive(store, store_settings) == {"revived": 0}


@embedded
def test_the_most_urgent_and_newest_goes_first(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    high = alerted(store, store_settings, 2, analysis(urgency=Urgency.HIGH))
    critical = alerted(store, store_settings, 1, URGENT, native_id="first", text="Критично")
    latest = alerted(store, store_settings, 1, URGENT, native_id="second", text="Критично")
    drain(store, store_settings, slack)
    order = [m["metadata"]["event_payload"]["alert_id"] for m in slack.messages(CHANNEL)]
    assert order[:2] == [latest[0].id, critical[0].id]
    assert set(order[2:]) == {m.id for m in high}


def test_two_responders_side_by_side_post_nothing_twice(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings, 40)
    slack.add_faults(
        {"action": "hang", "seconds": 0.02, "stored": True, "method": "chat.postMessage", "nth": 5},
        {"action": "reset", "stored": True, "method": "chat.postMessage", "nth": 9},
        {"action": "reset", "stored": False, "method": "chat.postMessage", "nth": 17},
    )
    patient = replace(QUICK, patience=timedelta(seconds=60))
    responders = [
        Responder(store, messenger(slack, 10), store_settings, timing=patient) for _ in range(2)
    ]
    threads = [threading.Thread(target=one.drain) for one in responders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert shown(slack) == once(about)
    total = responders[0].counts + responders[1].counts
    assert total["posted"] + total["found"] == 40


@embedded
def test_a_service_outlives_an_outage_of_slack_and_ends_when_told(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    stop = threading.Event()
    responder = Responder(store, messenger(slack), store_settings, timing=QUICK, stop=stop)
    service = threading.Thread(target=responder.serve)
    slack.refuse(1.0)
    service.start()
    about = alerted(store, store_settings, 3)
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while shown(slack) != once(about) and datetime.now(UTC) < deadline:
        stop.wait(0.1)
    stop.set()
    service.join(10)
    assert not service.is_alive()
    assert shown(slack) == once(about)


@embedded
def test_a_drain_that_is_told_to_stop_leaves_the_rest(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    alerted(store, store_settings, 3)
    stop = threading.Event()
    stop.set()
    with pytest.raises(TransientError, match="stopped"):
        drain(store, store_settings, slack, stop=stop)
    assert len(store.alerts.pending()) == 3


@embedded
def test_a_fault_in_every_tenth_call_leaves_every_alert_shown_once(
    store: Store, store_settings: Settings, slack: SlackServer
) -> None:
    about = alerted(store, store_settings, 60)
    script = [*STORED, *LOST, {"action": "ratelimit", "retry_after": 1}]
    quick = [{**f, "seconds": 1.2} if f["action"] == "hang" else f for f in script]
    slack.add_faults(
        *({**f, "method": "chat.postMessage", "nth": 3 * n + 1} for n, f in enumerate(quick))
    )
    patient = replace(QUICK, patience=timedelta(seconds=60))
    responder = Responder(store, messenger(slack), store_settings, timing=patient)
    responder.drain()
    assert shown(slack) == once(about)
    assert slack.fault_report()["applied"] == len(script)
