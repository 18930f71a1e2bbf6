"""The demo's numbers add up, or it says which do not."""

from __future__ import annotations

import json

import pytest

from molva.demo.census import Census
from molva.demo.summary import Summary

CRAWLED = {"fetched": 10, "rejected": 2, "unmatched": 3, "matched": 7, "same": 1}
DECIDED = {"alert": 2, "digest": 1, "silent": 3, "review": 1}
GOOD = Census(
    crawled=CRAWLED, stored=7, scored=7, decided=DECIDED, deliveries={"sent": 2, "new": 0}
)


def test_a_good_run_has_no_complaints() -> None:
    assert GOOD.is_settled
    assert Summary.of(GOOD).complaints() == []


@pytest.mark.parametrize(
    ("census", "complaint"),
    [
        (
            Census(CRAWLED | {"fetched": 11}, (), 7, 7, DECIDED, {"sent": 2}),
            "fetched = rejected + unmatched + matched, but 13 is not 12",
        ),
        (Census(CRAWLED, (), 7, 6, DECIDED, {"sent": 2}), "scored = stored, but 6 is not 7"),
        (
            Census(CRAWLED, (), 7, 7, DECIDED | {"silent": 2}, {"sent": 2}),
            "decided = scored, but 6 is not 7",
        ),
        (
            Census(CRAWLED, (), 7, 7, DECIDED, {"sent": 1, "dead": 1}),
            "posted = decided.alert, but 1 is not 2",
        ),
    ],
)
def test_a_sum_that_is_wrong_is_named(census: Census, complaint: str) -> None:
    assert complaint in Summary.of(census).complaints()


def test_a_demo_that_posts_nothing_has_failed() -> None:
    quiet = Census(CRAWLED, (), 7, 7, {"silent": 7}, {})
    assert Summary.of(quiet).complaints() == ["nothing was posted"]


def test_the_file_has_the_names_that_others_rely_on() -> None:
    written = json.loads(Summary.of(GOOD).model_dump_json())
    assert list(written) == [
        *("fetched", "rejected", "unmatched", "matched"),
        *("stored", "scored", "decided", "posted"),
    ]
    assert written["decided"] == DECIDED
