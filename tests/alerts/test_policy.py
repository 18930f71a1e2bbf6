"""Every branch of the policy, its borders, and what must hold for any mention at all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import policy
from alerts.policy import too_old, urgent_share
from mentions.model import (
    Action,
    Analysis,
    Decision,
    Intent,
    Mention,
    Origin,
    Reason,
    Sentiment,
    Topic,
    Urgency,
)
from tests.alerts.samples import NOW, analysis, mention

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
MOMENT = timedelta(microseconds=1)
MAX_AGE = dict.fromkeys(Urgency, DAY)

LOW, NORMAL, HIGH, CRITICAL = Urgency.LOW, Urgency.NORMAL, Urgency.HIGH, Urgency.CRITICAL
NEGATIVE, NEUTRAL, POSITIVE = Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE
COMPLAINT, LEAVING, QUESTION = Intent.COMPLAINT, Intent.LEAVING, Intent.QUESTION
SUGGESTION, PRAISE, INFO = Intent.SUGGESTION, Intent.PRAISE, Intent.INFO


def decide(said: Mention, opinion: Analysis) -> Decision:
    return policy.decide(said, opinion, max_age=MAX_AGE, now=NOW)


@pytest.mark.parametrize(
    ("urgency", "sentiment", "intent", "action", "reason"),
    [
        (CRITICAL, NEGATIVE, COMPLAINT, Action.ALERT, Reason.URGENT),
        (CRITICAL, NEGATIVE, INFO, Action.ALERT, Reason.URGENT),
        (CRITICAL, NEUTRAL, INFO, Action.ALERT, Reason.URGENT),
        (CRITICAL, NEUTRAL, QUESTION, Action.ALERT, Reason.URGENT),
        (CRITICAL, POSITIVE, QUESTION, Action.ALERT, Reason.URGENT),
        (CRITICAL, POSITIVE, PRAISE, Action.REVIEW, Reason.UNSURE),
        (HIGH, NEGATIVE, COMPLAINT, Action.ALERT, Reason.URGENT),
        (HIGH, NEGATIVE, SUGGESTION, Action.ALERT, Reason.URGENT),
        (HIGH, NEUTRAL, QUESTION, Action.ALERT, Reason.URGENT),
        (HIGH, NEUTRAL, LEAVING, Action.ALERT, Reason.URGENT),
        (HIGH, NEUTRAL, INFO, Action.REVIEW, Reason.UNSURE),
        (HIGH, POSITIVE, PRAISE, Action.REVIEW, Reason.UNSURE),
        (NORMAL, NEGATIVE, COMPLAINT, Action.DIGEST, Reason.NEGATIVE),
        (NORMAL, NEGATIVE, INFO, Action.DIGEST, Reason.NEGATIVE),
        (NORMAL, NEUTRAL, LEAVING, Action.DIGEST, Reason.NEGATIVE),
        (NORMAL, NEUTRAL, QUESTION, Action.DIGEST, Reason.NOT_NEGATIVE),
        (NORMAL, NEUTRAL, SUGGESTION, Action.DIGEST, Reason.NOT_NEGATIVE),
        (NORMAL, POSITIVE, QUESTION, Action.DIGEST, Reason.NOT_NEGATIVE),
        (NORMAL, POSITIVE, SUGGESTION, Action.DIGEST, Reason.NOT_NEGATIVE),
        (NORMAL, POSITIVE, PRAISE, Action.SILENT, Reason.NOT_NEGATIVE),
        (LOW, NEGATIVE, COMPLAINT, Action.DIGEST, Reason.NEGATIVE),
        (LOW, NEGATIVE, INFO, Action.SILENT, Reason.NEEDS_NO_ANSWER),
        (LOW, NEUTRAL, QUESTION, Action.SILENT, Reason.NEEDS_NO_ANSWER),
        (LOW, POSITIVE, PRAISE, Action.SILENT, Reason.NEEDS_NO_ANSWER),
    ],
)
def test_what_the_model_says_leads_to(
    urgency: Urgency, sentiment: Sentiment, intent: Intent, action: Action, reason: Reason
) -> None:
    got = decide(mention(), analysis(urgency=urgency, sentiment=sentiment, intent=intent))
    assert (got.action, got.reason) == (action, reason)
    assert got.decided_at == NOW
    assert got.revision == 1


@pytest.mark.parametrize(
    ("high", "critical", "action"),
    [
        (0.35, 0.0, Action.REVIEW),
        (0.20, 0.15, Action.REVIEW),
        (0.0, 0.40, Action.REVIEW),
        (0.34, 0.0, Action.DIGEST),
        (0.0, 0.0, Action.DIGEST),
    ],
)
def test_a_mild_post_that_may_be_urgent_is_looked_at(
    high: float, critical: float, action: Action
) -> None:
    shares = {"urgency": {"low": 0.0, "normal": 1 - high - critical, "high": high}}
    shares["urgency"]["critical"] = critical
    got = decide(mention(), analysis(urgency=NORMAL, probabilities=shares))
    assert got.action is action


def test_a_model_without_probabilities_is_taken_at_its_word() -> None:
    assert urgent_share(analysis(probabilities={})) == 0
    assert decide(mention(), analysis(urgency=NORMAL)).action is Action.DIGEST


@pytest.mark.parametrize("origin", list(Origin))
def test_what_cannot_be_judged_goes_to_a_person_whatever_its_age_and_origin(origin: Origin) -> None:
    old = mention(origin=origin, published_at=NOW - 900 * DAY)
    got = decide(old, analysis(trusted=False, doubt="language"))
    assert (got.action, got.reason) == (Action.REVIEW, Reason.CANNOT_JUDGE)


def test_a_backfill_never_alerts() -> None:
    got = decide(mention(origin=Origin.BACKFILL), analysis(urgency=CRITICAL))
    assert (got.action, got.reason) == (Action.SILENT, Reason.BACKFILL)


@pytest.mark.parametrize(
    ("published", "read_before", "held_back"),
    [
        # A first crawl: no read before, so the age counts to when we first saw it.
        (NOW - DAY, None, False),
        (NOW - DAY - MOMENT, None, True),
        (NOW - 900 * DAY, None, True),
        # An ordinary crawl five minutes after the one before.
        (NOW - DAY, NOW - HOUR, False),
        (NOW - DAY - HOUR, NOW - HOUR, False),
        (NOW - DAY - HOUR - MOMENT, NOW - HOUR, True),
        # A week's outage: what was written in it is news.
        (NOW - 6 * DAY, NOW - 7 * DAY, False),
        (NOW - 8 * DAY, NOW - 7 * DAY, False),
        (NOW - 8 * DAY - MOMENT, NOW - 7 * DAY, True),
        # A site whose clock runs ahead, and a post without a date.
        (NOW + HOUR, None, False),
        (None, None, False),
        (None, NOW - HOUR, False),
    ],
)
def test_age_counts_to_the_last_good_read_of_the_source(
    published: datetime | None, read_before: datetime | None, held_back: bool
) -> None:
    said = mention(published_at=published, source_read_before=read_before)
    assert too_old(said, DAY) is held_back
    expected = Reason.TOO_OLD if held_back else Reason.URGENT
    assert decide(said, analysis()).reason is expected


@pytest.mark.parametrize("read_before", [None, NOW - HOUR, NOW - 9 * DAY])
def test_a_change_is_news_however_old_the_post_is(read_before: datetime | None) -> None:
    said = mention(
        published_at=NOW - 900 * DAY,
        first_seen=NOW - 800 * DAY,
        changed_at=NOW,
        source_read_before=read_before,
        revision=2,
    )
    got = decide(said, analysis())
    assert (got.action, got.revision) == (Action.ALERT, 2)


def test_each_urgency_has_its_own_age() -> None:
    said = mention(published_at=NOW - 2 * HOUR)
    ages = {**MAX_AGE, CRITICAL: 3 * HOUR, HIGH: HOUR}
    critical = policy.decide(said, analysis(urgency=CRITICAL), max_age=ages, now=NOW)
    high = policy.decide(said, analysis(urgency=HIGH), max_age=ages, now=NOW)
    assert (critical.action, high.reason) == (Action.ALERT, Reason.TOO_OLD)


def test_age_explains_only_what_it_holds_back() -> None:
    old = mention(published_at=NOW - 9 * DAY)
    assert decide(old, analysis(urgency=LOW, intent=INFO)).reason is Reason.NEEDS_NO_ANSWER
    assert decide(old, analysis(urgency=NORMAL)).reason is Reason.TOO_OLD


moments = st.none() | st.timedeltas(-900 * DAY, 900 * DAY).map(lambda shift: NOW + shift)
mentions = st.builds(
    mention,
    published_at=moments,
    changed_at=moments,
    source_read_before=moments,
    origin=st.sampled_from(Origin),
    revision=st.integers(1, 9),
)
opinions = st.builds(
    analysis,
    sentiment=st.sampled_from(Sentiment),
    urgency=st.sampled_from(Urgency),
    intent=st.sampled_from(Intent),
    topic=st.sampled_from(Topic),
    trusted=st.booleans(),
    probabilities=st.dictionaries(
        st.just("urgency"), st.dictionaries(st.sampled_from(list(Urgency)), st.floats(0, 1))
    ),
)


@given(mentions, opinions)
def test_every_mention_gets_one_decision_that_keeps_the_promises(
    said: Mention, opinion: Analysis
) -> None:
    got = decide(said, opinion)
    assert got == decide(said, opinion)
    assert got.revision == said.revision
    if not opinion.trusted:
        assert got.action is Action.REVIEW
    if said.origin is Origin.BACKFILL:
        assert got.action is not Action.ALERT
    if got.action is Action.ALERT:
        assert opinion.urgency in (HIGH, CRITICAL)
        assert not too_old(said, DAY)
    urgent = opinion.urgency in (HIGH, CRITICAL) and said.origin is Origin.LIVE
    if urgent and not too_old(said, DAY):
        assert got.action in (Action.ALERT, Action.REVIEW)
