"""Whether one judged mention deserves a responder's attention now, later or never, and why.

A pure function: the clock and the configured ages are arguments, nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from mentions.model import (
    Action,
    Analysis,
    Decision,
    Intent,
    Mention,
    Origin,
    Reason,
    Sentiment,
    Urgency,
)

URGENT = frozenset({Urgency.HIGH, Urgency.CRITICAL})
# The writer wants something from the brand, whatever the tone.
CALLS_FOR_AN_ANSWER = frozenset({Intent.COMPLAINT, Intent.LEAVING, Intent.QUESTION})
COMPLAINS = frozenset({Intent.COMPLAINT, Intent.LEAVING})
ASKS_FOR_NOTHING = frozenset({Intent.PRAISE, Intent.INFO})
# A post that the model calls mild goes to a person nevertheless once `high` and `critical` together
# have at least this probability: a missed call for help costs more than a look in vain.
UNSURE_FROM = 0.35

Verdict = tuple[Action, Reason]


def decide(
    mention: Mention,
    analysis: Analysis,
    *,
    max_age: Mapping[Urgency, timedelta],
    now: datetime,
) -> Decision:
    """Exactly one action and its reason, for any mention.

    What cannot be judged is looked at by a person even in a backfill: it may never end in silence.
    Age holds back only what would otherwise reach somebody.
    """
    action, reason = _verdict(mention, analysis)
    held_back = analysis.trusted and action is not Action.SILENT
    if held_back and too_old(mention, max_age[analysis.urgency]):
        action, reason = Action.SILENT, Reason.TOO_OLD
    return Decision(action=action, reason=reason, decided_at=now, revision=mention.revision)


def _verdict(mention: Mention, analysis: Analysis) -> Verdict:
    if not analysis.trusted:
        return Action.REVIEW, Reason.CANNOT_JUDGE
    if mention.origin is Origin.BACKFILL:
        return Action.SILENT, Reason.BACKFILL
    if analysis.urgency in URGENT:
        return _urgent(analysis)
    if urgent_share(analysis) >= UNSURE_FROM:
        return Action.REVIEW, Reason.UNSURE
    if analysis.urgency is Urgency.NORMAL:
        return _normal(analysis)
    return _low(analysis)


def too_old(mention: Mention, max_age: timedelta) -> bool:
    """Whether the post was already older than ``max_age`` when its source was last read well.

    Measured from the last good read and not from now: a post written during an outage of ours is
    news, however long the outage was; on a first crawl there was no read before, so a site's
    archive counts by its age when we first saw it. A change is news from the moment we saw it,
    and a post without a date counts as written when we first saw it.
    """
    written = mention.changed_at or mention.at
    seen = mention.changed_at or mention.first_seen
    return (mention.source_read_before or seen) - written > max_age


def urgent_share(analysis: Analysis) -> float:
    """How much probability the model gives to the two levels that alert."""
    share = analysis.probabilities.get("urgency", {})
    return sum(share.get(level, 0.0) for level in URGENT)


def _urgent(analysis: Analysis) -> Verdict:
    """Praise that must be answered at once contradicts itself; a neutral inquiry does not.

    A journalist's question or news of a live scam is critical and neutral in tone.
    """
    if analysis.intent in CALLS_FOR_AN_ANSWER or analysis.sentiment is Sentiment.NEGATIVE:
        return Action.ALERT, Reason.URGENT
    if analysis.urgency is Urgency.CRITICAL and analysis.sentiment is Sentiment.NEUTRAL:
        return Action.ALERT, Reason.URGENT
    return Action.REVIEW, Reason.UNSURE


def _normal(analysis: Analysis) -> Verdict:
    """To be answered within hours: the digest, not somebody's pocket."""
    if analysis.sentiment is Sentiment.NEGATIVE or analysis.intent in COMPLAINS:
        return Action.DIGEST, Reason.NEGATIVE
    if analysis.sentiment is Sentiment.POSITIVE and analysis.intent in ASKS_FOR_NOTHING:
        return Action.SILENT, Reason.NOT_NEGATIVE
    return Action.DIGEST, Reason.NOT_NEGATIVE


def _low(analysis: Analysis) -> Verdict:
    """No reaction needed; but a complaint that needs none is read once a day to be sure."""
    if analysis.sentiment is Sentiment.NEGATIVE and analysis.intent in COMPLAINS:
        return Action.DIGEST, Reason.NEGATIVE
    return Action.SILENT, Reason.NEEDS_NO_ANSWER
