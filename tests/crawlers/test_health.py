"""When a source is red, and what its keeper is told to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawlers.crawl import Verdict, judge
from crawlers.health import complaints
from crawlers.plan import Report
from mentions.counts import Counts
from mentions.errors import BlockedError, TransientError
from mentions.settings import Source
from mentions.store.ledger import Run

NOW = datetime(2026, 5, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = Source.model_validate(
    {"spider": "feed", "schedule": "* * * * *", "max_silence": "12h", "max_rejected": 0.1}
)


def run(**changed: Any) -> Run:
    facts: dict[str, Any] = {
        "id": "1",
        "stage": "crawl",
        "source": "it",
        "began_at": NOW - HOUR,
        "ended_at": NOW - HOUR + timedelta(minutes=1),
        "verdict": "ok",
        "counts": {"fetched": 20, "rejected": 1},
    }
    return Run(**(facts | changed))


def told(last: Run | None, newest: datetime | None = NOW - HOUR, **changed: Any) -> str:
    found = complaints("it", SOURCE, last, newest, now=NOW, **changed)
    return "; ".join(str(complaint) for complaint in found)


def test_a_well_source_has_no_complaints() -> None:
    assert told(run(), since=NOW - 2 * HOUR) == ""


@pytest.mark.parametrize(
    ("last", "newest", "problem", "cure"),
    [
        (None, None, "never been crawled", "molva crawl it"),
        (run(ended_at=None, verdict=None), NOW, "has not ended", "nothing is lost"),
        (run(verdict="failed", complaints=("it is down",)), NOW, "it is down", "tries again"),
        (run(verdict="blocked", complaints=("403",)), NOW, "403", "ask it"),
        (run(verdict="red", complaints=("2 of 9 rows",)), NOW, "2 of 9 rows", "--dry-run"),
        (run(counts={"fetched": 8, "rejected": 2}), NOW, "2 of 10 rows", "--dry-run"),
        (run(), NOW - 13 * HOUR, "no post is newer", "max_silence"),
        (run(), None, "no post has ever been read", "browser"),
    ],
)
def test_a_complaint_names_the_problem_and_the_cure(
    last: Run | None, newest: datetime | None, problem: str, cure: str
) -> None:
    said = told(last, newest)
    assert problem in said
    assert cure in said


def test_a_crawl_that_is_too_long_ago_is_told() -> None:
    assert "no crawl has ended since" in told(run(), since=NOW - timedelta(minutes=5))


def test_a_block_is_told_apart() -> None:
    blocked = complaints("it", SOURCE, run(verdict="blocked", complaints=("403",)), NOW, now=NOW)
    assert [complaint.is_block for complaint in blocked] == [True]


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (Report(Counts(fetched=10)), Verdict.OK),
        (Report(Counts(fetched=0)), Verdict.OK),
        (Report(Counts(fetched=9, rejected=1)), Verdict.OK),
        (Report(Counts(fetched=8, rejected=2)), Verdict.RED),
        (Report(Counts(fetched=0, rejected=1)), Verdict.RED),
        (Report(Counts(fetched=10, mentions=3, refused=1)), Verdict.RED),
        (Report(Counts(fetched=10), ["posts may be lost"]), Verdict.RED),
        (Report(Counts(fetched=10), error=TransientError("down")), Verdict.FAILED),
        (Report(Counts(fetched=10), error=BlockedError("403")), Verdict.BLOCKED),
    ],
)
def test_the_verdict_is_the_worst_that_was_met(report: Report, verdict: Verdict) -> None:
    assert judge(report, 0.1) is verdict
    assert bool(report.complaints) == (verdict is not Verdict.OK)
