"""(b) Out to many: Redis, two Celery workers, three Elasticsearch nodes; and then things break.

After each fault the town must be exactly as it is without one: every mention judged and decided the
same, every alert in the channel once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molva.demo.sites import GOOD
from tests.production import foreign
from tests.production.image import Image
from tests.production.stand import NODES, WORKERS, Stand
from tests.production.state import State
from tests.production.town import LIMIT, Town, town

pytestmark = [pytest.mark.cluster, pytest.mark.celery]


@pytest.fixture(scope="module")
def here(image: Image, place: Path) -> Iterator[Town]:
    with town(Stand(place, image, celery=True, nodes=3)) as made:
        yield made


@pytest.fixture(scope="module")
def first(here: Town) -> State:
    """How it looks after the crawls with which Airflow begins by itself."""
    here.stand.wait(here.all_crawled, "first crawls", 600)
    here.settle()
    assert all(here.is_green(f"crawl_{site.name}") for site in GOOD)
    return here.state()


@pytest.fixture(scope="module")
def undisturbed(here: Town, first: State) -> State:
    """What the faults are compared with: two rounds, since the sites edit posts meanwhile."""
    here.two_rounds()
    return here.state()


@pytest.fixture
def anew(here: Town, undisturbed: State) -> Town:
    """Nothing crawled yet, everything up."""
    here.begin_anew()
    return here


def test_the_demos_posts_go_all_the_way(here: Town, first: State) -> None:
    assert first.complaints == []
    assert len(first.messages) > 5
    assert here.summary().complaints() == []
    assert here.stand.restarts == []


def test_both_workers_work(here: Town, first: State) -> None:
    logs = {name: here.stand.crew.log(name).read_text(errors="replace") for name in WORKERS}
    assert all("succeeded" in text for text in logs.values())


def test_a_worker_killed_in_the_middle_of_a_task(anew: Town, undisturbed: State) -> None:
    anew.crawl()
    anew.stand.wait(anew.busy_worker, "a worker with a crawl under way")
    name = anew.busy_worker() or WORKERS[0]
    anew.stand.kill(name)
    anew.start_worker(name)
    anew.settle_as_scheduled()
    assert anew.state().differences(undisturbed) == []


def test_postgresql_restarted(anew: Town, undisturbed: State) -> None:
    anew.crawl()
    anew.stand.wait(lambda: anew.task_is_running("crawl"), "a crawl under way")
    foreign.restart_postgres(anew.stand)
    anew.settle_as_scheduled()
    assert anew.state().differences(undisturbed) == []


@pytest.mark.parametrize("task", ["crawl", "score", "respond"])
def test_a_node_killed_in_the_middle_of(task: str, anew: Town, undisturbed: State) -> None:
    anew.crawl()
    if task == "respond":
        anew.stand.wait(lambda: anew.census().posted, "posting under way", 600)
    else:
        anew.stand.wait(lambda: anew.task_is_running(task), f"{task} under way", 600)
    at = NODES.index(str(anew.master()))
    anew.stand.kill(NODES[at])  # the master: the hardest to lose
    try:
        anew.stand.wait(lambda: anew.nodes_seen(but=at) == 2, "two nodes carry on")
        anew.settle_as_scheduled()
        assert anew.state().differences(undisturbed) == []
    finally:
        foreign.start_node(anew.stand, at)
        anew.stand.wait(anew.has_all_nodes, "three nodes again")


def misses_the_broker(log: Path) -> bool:
    return "Cannot connect to redis://" in log.read_text(encoding="utf-8", errors="replace")


def test_the_broker_gone_names_itself_and_loses_nothing(anew: Town, undisturbed: State) -> None:
    anew.stand.kill("redis")
    logs = [anew.stand.crew.log(name) for name in WORKERS]
    anew.stand.wait(lambda: all(map(misses_the_broker, logs)), "a word in the logs", LIMIT)
    assert "the broker at 127.0.0.1" in anew.doctor_complains()
    foreign.start_redis(anew.stand)
    anew.crawl()
    anew.settle_as_scheduled()
    assert anew.state().differences(undisturbed) == []
