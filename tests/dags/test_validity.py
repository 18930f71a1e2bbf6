"""Every DAG loads, keeps the house rules, and is the same DAG each time it is read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from tests.dags.conftest import DAGS


def read() -> DagBag:
    return DagBag(dag_folder=str(DAGS))


def serialized() -> dict[str, Any]:
    return {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in read().dags.items()}


def test_there_is_a_dag_for_every_source_and_for_every_stage() -> None:
    bag = read()
    assert bag.import_errors == {}
    assert set(bag.dags) == {"crawl_news", "crawl_big-forum_2", "judge", "retention"}


def test_every_dag_keeps_the_house_rules() -> None:
    for dag in read().dags.values():
        assert dag.max_active_runs == 1, dag.dag_id
        assert not dag.catchup, dag.dag_id
        assert dag.tags, dag.dag_id
        for task in dag.tasks:
            assert task.execution_timeout, task
            assert task.execution_timeout <= timedelta(hours=2), task


def test_every_dag_tells_whoever_is_on_call_what_red_means() -> None:
    for dag in read().dags.values():
        assert dag.doc_md, dag.dag_id
        for code in (1, 2, 3, 4, 75):
            assert f"| {code} |" in dag.doc_md, dag.dag_id


def test_a_crawl_is_red_when_either_task_is_and_neither_is_retried() -> None:
    dag = read().dags["crawl_news"]
    crawl, health = dag.get_task("crawl"), dag.get_task("health")
    assert (crawl.retries, health.retries) == (0, 0)
    assert crawl.downstream_task_ids == {"health"}
    # With any other rule, a green health would hide a red crawl.
    assert health.trigger_rule == "all_success"
    assert health.downstream_task_ids == set()


def test_a_source_brings_its_schedule() -> None:
    dag = read().dags["crawl_big-forum_2"]
    assert "0 * * * *" in str(DagSerialization.to_dict(dag)["dag"]["timetable"])
    assert "discourse" in dag.tags


def test_new_mentions_wake_the_judge() -> None:
    bag = read()
    [outlet] = bag.dags["crawl_news"].get_task("crawl").outlets
    assert outlet.name == "molva-mentions"
    assert "molva-mentions" in str(bag.dags["judge"].timetable)
    assert bag.dags["judge"].get_task("score").downstream_task_ids == {"decide"}


def test_reading_twice_makes_no_new_version() -> None:
    assert serialized() == serialized()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[sources.x\n", "watch.toml"),
        ('[sources.x]\nspider = "feed"\nschedule = "sometimes"\n', "not a cron schedule"),
    ],
)
def test_a_broken_watch_file_is_an_import_error_and_no_missing_dag(
    watch: Path, text: str, complaint: str
) -> None:
    watch.write_text(text, encoding="utf-8")
    bag = read()
    [(file, error)] = bag.import_errors.items()
    assert file.endswith("crawl.py")
    assert complaint in error
    assert {"judge", "retention"} <= set(bag.dags)
