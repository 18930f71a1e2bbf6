"""The deciding stage against real stores: one decision each, alerts first, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from alerts.decide import Decider
from mentions.counts import Counts
from mentions.model import (
    GONE,
    Action,
    Alert,
    Analysis,
    Decision,
    Delivery,
    DeliveryState,
    Mention,
    Origin,
    Reason,
    Urgency,
)
from mentions.settings import Settings
from mentions.store import Store
from mentions.store.schema import body_of
from molva.cli import molva
from tests.alerts.samples import NOW, alert, analysis, mention

URGENT = analysis(urgency=Urgency.CRITICAL)
CALM = analysis(urgency=Urgency.LOW, sentiment="positive", intent="praise")


def judged(store: Store, opinion: Analysis, **said: Any) -> Mention:
    """A mention in the store as the judge leaves it."""
    about = mention(**said)
    store.mentions.put([about])
    stored = store.mentions.get([about.id])[about.id]
    store.mentions.set_analysis([(stored, opinion)])
    return stored.mention


def decide(store: Store, settings: Settings, **options: Any) -> Counts:
    return Decider(store, settings).decide(**options)


def decision_of(store: Store, about: Mention) -> Decision | None:
    return store.mentions.get([about.id])[about.id].decision


def alert_of(store: Store, about: Mention) -> Alert:
    stored = store.alerts.get(about.id)
    assert stored is not None
    return stored.alert


def test_each_mention_is_decided_once_and_alerts_are_laid_out(
    store: Store, store_settings: Settings
) -> None:
    urgent = judged(store, URGENT)
    judged(store, CALM, native_id="calm")
    judged(store, URGENT, native_id="archive", origin=Origin.BACKFILL)
    judged(store, URGENT.model_copy(update={"trusted": False}), native_id="picture")
    judged(store, analysis(urgency=Urgency.NORMAL), native_id="later")
    store.mentions.put([mention(native_id="not judged yet")])

    counts = decide(store, store_settings)
    expected = {"decided": 5, "alert": 1, "digest": 1, "silent": 2, "review": 1}
    assert counts == {**expected, "conflict": 0, "rejected": 0}
    decision = decision_of(store, urgent)
    assert decision is not None
    assert (decision.action, decision.reason) == (Action.ALERT, Reason.URGENT)
    made = alert_of(store, urgent)
    assert (made.members, made.channel, made.urgency) == (
        (urgent.id,),
        "#romashka",
        Urgency.CRITICAL,
    )
    assert [s.id for s in store.alerts.due()] == [urgent.id]
    assert decide(store, store_settings)["decided"] == 0


def test_a_dry_run_counts_and_writes_nothing(store: Store, store_settings: Settings) -> None:
    about = judged(store, URGENT)
    assert decide(store, store_settings, dry_run=True)["alert"] == 1
    assert decision_of(store, about) is None
    assert store.alerts.get(about.id) is None


def test_a_limit_leaves_the_rest_for_the_next_run(store: Store, store_settings: Settings) -> None:
    for number in range(3):
        judged(store, CALM, native_id=str(number))
    assert decide(store, store_settings, limit=2)["decided"] == 2
    assert decide(store, store_settings, limit=2)["decided"] == 1


def test_an_alert_whose_decision_was_lost_is_not_made_twice(
    store: Store, store_settings: Settings
) -> None:
    about = judged(store, URGENT)
    earlier = alert(of=about, created_at=NOW - timedelta(hours=1))
    store.alerts.create(earlier)
    assert decide(store, store_settings)["alert"] == 1
    assert alert_of(store, about) == earlier


def test_a_mention_that_changes_meanwhile_is_left_for_the_next_run(
    store: Store, store_settings: Settings
) -> None:
    about = judged(store, CALM)

    def clock() -> datetime:
        change(store, about, URGENT)
        return NOW

    counts = Decider(store, store_settings, clock=clock).decide()
    assert (counts["decided"], counts["conflict"]) == (0, 1)
    assert decision_of(store, about) is None
    assert decide(store, store_settings)["alert"] == 1


def test_a_brand_without_a_channel_is_looked_at_by_a_person(
    store: Store, store_settings: Settings
) -> None:
    about = judged(store, URGENT, brand="no longer watched")
    calm = judged(store, CALM, brand="no longer watched", native_id="calm")
    assert decide(store, store_settings)["review"] == 1
    decision, other = decision_of(store, about), decision_of(store, calm)
    assert decision is not None
    assert other is not None
    assert (decision.action, decision.reason) == (Action.REVIEW, Reason.URGENT)
    assert other.action is Action.SILENT
    assert store.alerts.get(about.id) is None


def test_a_decision_that_the_store_refuses_turns_the_run_red(
    store: Store, molva_env: Callable[[str], None]
) -> None:
    molva_env('[brands.romashka]\nname = "Ромашка"\nchannel = "#romashka"\n')
    index, body = store.names.index("mentions"), body_of("mentions")
    del body["mappings"]["properties"]["decision"]
    store.client.call(lambda es: es.indices.delete(index=index))
    store.client.call(lambda es: es.indices.create(index=index, **body))
    judged(store, CALM)
    assert CliRunner().invoke(molva, ["decide"]).exit_code == 0
    run = store.ledger.last_run("decide")
    assert run is not None
    assert (run.verdict, run.complaints) == ("rejected", ("1 not decided",))


def change(store: Store, about: Mention, opinion: Analysis) -> None:
    store.mentions.put([about.model_copy(update={"text": f"{about.text} Правка."})])
    stored = store.mentions.get([about.id])[about.id]
    store.mentions.set_analysis([(stored, opinion)])


@pytest.mark.parametrize("opinion", [URGENT, CALM], ids=["still urgent", "calm now"])
def test_a_changed_post_raises_its_alert(
    store: Store, store_settings: Settings, opinion: Analysis
) -> None:
    about = judged(store, analysis())
    decide(store, store_settings)
    change(store, about, opinion)
    assert decide(store, store_settings)["decided"] == 1
    raised = alert_of(store, about)
    assert (raised.revision, raised.urgency) == (2, opinion.urgency)


def delivery(store: Store, about: Mention, **state: Any) -> Alert:
    """The alert as some moment of its delivery left it."""
    stored = store.alerts.get(about.id)
    assert stored is not None
    made = stored.alert.model_copy(
        update={"delivery": Delivery(**state), "next_action_at": NOW + timedelta(days=900)}
    )
    store.alerts.replace(stored, made)
    return made


@pytest.mark.parametrize("state", [DeliveryState.NEW, DeliveryState.POSTING, DeliveryState.UNKNOWN])
def test_a_change_does_not_cut_a_wait_short(
    store: Store, store_settings: Settings, state: DeliveryState
) -> None:
    about = judged(store, URGENT)
    decide(store, store_settings)
    before = delivery(store, about, state=state, attempt=1, attempt_id="a")
    change(store, about, URGENT)
    decide(store, store_settings)
    after = alert_of(store, about)
    assert after == before.model_copy(update={"revision": 2})


@pytest.mark.parametrize("error", ["channel_not_found", GONE])
def test_a_change_gives_a_dead_alert_another_life(
    store: Store, store_settings: Settings, error: str
) -> None:
    about = judged(store, URGENT)
    decide(store, store_settings)
    delivery(store, about, state=DeliveryState.DEAD, attempt=1, error=error)
    change(store, about, URGENT)
    decide(store, store_settings)
    assert alert_of(store, about).delivery.state is DeliveryState.NEW
    assert [s.id for s in store.alerts.due()] == [about.id]
