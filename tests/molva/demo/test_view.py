"""The demo knows when it is over, which lights are red, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from molva.demo.airflow import DagRun, last_words
from molva.demo.census import Census, SourceRun
from molva.demo.place import Place
from molva.demo.run import View
from molva.demo.sites import GOOD, IN_TROUBLE, SITES
from molva.demo.summary import Summary
from molva.demo.tell import complaints, result

SOURCES = frozenset({"news", "forum"})
DONE = Census(
    crawled={"fetched": 3, "rejected": 1, "unmatched": 1, "matched": 2, "created": 2},
    stored=2,
    scored=2,
    decided={"alert": 1, "silent": 1},
    deliveries={"sent": 1},
)
ENDED = (
    DagRun("judge", "success"),
    DagRun("crawl_news", "success"),
    DagRun("crawl_forum", "failed"),
)


def test_it_is_over_once_every_stage_has_done_all() -> None:
    assert View(DONE, ENDED).is_settled(SOURCES)
    assert View(DONE, ENDED).is_idle


def test_posts_may_be_settled_while_the_next_crawl_is_under_way() -> None:
    view = View(DONE, (DagRun("crawl_news", "running"), *ENDED))
    assert view.is_settled(SOURCES)
    assert not view.is_idle


@pytest.mark.parametrize(
    "view",
    [
        View(DONE, ENDED[:2]),
        View(DONE, (*ENDED[:2], DagRun("crawl_forum", "queued"))),
        View(Census(stored=2, scored=1), ENDED),
        View(Census(stored=2, scored=2, decided={"alert": 1}), ENDED),
        View(Census(DONE.crawled, (), 2, 2, DONE.decided, {"posting": 1}), ENDED),
        View(Census(), ENDED),
    ],
    ids=["uncrawled", "queued", "unscored", "undecided", "unposted", "empty"],
)
def test_it_is_not_over_while_a_stage_has_something_left(view: View) -> None:
    assert not view.is_settled(SOURCES)


def test_a_source_is_as_red_as_its_latest_run() -> None:
    runs = (DagRun("crawl_news", "running"), DagRun("crawl_news", "success"))
    older = (DagRun("crawl_news", "failed"), *ENDED[2:])
    assert View(DONE, runs + older).red(SOURCES) == {"forum"}


def run_of_all(*, red: frozenset[str]) -> View:
    """Every demo site crawled, those named red."""
    states = {site.name: "failed" if site.name in red else "success" for site in SITES}
    latest = tuple(SourceRun(name, "", ("a captcha",)) for name in states)
    counted = Census(DONE.crawled, latest, 2, 2, DONE.decided, DONE.deliveries)
    return View(counted, tuple(DagRun(f"crawl_{name}", state) for name, state in states.items()))


TROUBLED = frozenset(site.name for site in IN_TROUBLE)


def test_the_two_that_fail_on_purpose_are_no_complaint() -> None:
    view = run_of_all(red=TROUBLED)
    summary = Summary.of(view.counted)
    assert complaints(summary, view) == []
    assert f"  {IN_TROUBLE[0].name:<13}red    on purpose: a captcha" in result(summary, view)


def test_a_light_of_the_wrong_colour_is_a_complaint() -> None:
    view = run_of_all(red=frozenset({GOOD[0].name}))
    found = complaints(Summary.of(view.counted), view)
    assert f"{GOOD[0].name} is red" in found
    assert f"{IN_TROUBLE[0].name} is in trouble, and its DAG is green" in found


def test_why_a_source_is_red_is_read_from_its_task(tmp_path: Path) -> None:
    task = tmp_path / "logs/airflow/dag_id=crawl_news/run_id=one/task_id=crawl"
    task.mkdir(parents=True)
    events = ["::group::Pre Execute", "running molva crawl news", "no module named x"]
    lines = [json.dumps({"event": event}) for event in events]
    (task / "attempt=1.log").write_text("\n".join([*lines, '{"event": "cut sho']))
    told = last_words(Place(tmp_path), "news")
    assert "no module named x" in told
    assert "cut sho" in told
    assert "::group::" not in told
    assert "left no log" in last_words(Place(tmp_path), "forum")
