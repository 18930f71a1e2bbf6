"""One run of the demo: set the scene, wait until every post has gone its way, tell what became."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager

from mentions.errors import PermanentError, TransientError
from molva.demo import airflow, census
from molva.demo.airflow import DagRun
from molva.demo.census import Census
from molva.demo.crew import Crew, sweep
from molva.demo.local_http import fetch
from molva.demo.place import Place
from molva.demo.scene import EVERY_MINUTE, NAMESPACE, ONCE, Ports, Scene
from molva.demo.sites import SITES
from molva.demo.summary import Summary

PATIENCE = 180.0  # seconds without any progress
LOOK_EVERY = 1.0

Say = Callable[[str], None]


class Show:
    """The demo while it runs: what a person could look up on its pages, looked up for them."""

    def __init__(self, place: Place, ports: Ports, crew: Crew, sources: Set[str], say: Say) -> None:
        self._place = place
        self._ports = ports
        self._crew = crew
        self._sources = sources
        self._say = say
        self._said = ""

    def wait_until_settled(self) -> Census:
        """Follow the posts, with a line for each step, until no stage has anything left to do."""
        moved_at = time.monotonic()
        while True:
            counted, runs = self._look()
            if self._tell(counted, runs):
                moved_at = time.monotonic()
            if counted.stored and counted.is_settled and self._is_idle(runs):
                return counted
            if time.monotonic() - moved_at > PATIENCE:
                raise PermanentError(
                    f"nothing has moved for {PATIENCE:.0f} s ({self._said}); "
                    f"the logs are in {self._place.logs}"
                )
            time.sleep(LOOK_EVERY)

    def stay(self) -> None:
        """Tell what happens until somebody ends it."""
        while True:
            self._tell(*self._look())
            time.sleep(LOOK_EVERY)

    def save(self, counted: Census) -> Summary:
        """Keep the numbers, and the channel as a responder sees it."""
        summary = Summary.of(counted)
        self._place.summary.write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
        self._place.slack_page.write_bytes(fetch(self._ports.slack, "/"))
        return summary

    def _look(self) -> tuple[Census, list[DagRun]]:
        self._crew.check()
        try:
            # Airflow first: what a crawl stored before it ended is then surely counted.
            runs = airflow.dag_runs(self._ports.airflow)
            return census.take(self._ports.store, NAMESPACE), runs
        except TransientError:
            self._crew.check()  # says more, if a process that died is why
            raise

    def _tell(self, counted: Census, runs: list[DagRun]) -> bool:
        crawled = len(self._crawled(runs))
        line = (
            f"crawled {crawled} of {len(self._sources)} sources, stored {counted.stored}, "
            f"scored {counted.scored}, decided {sum(counted.decided.values())}, "
            f"posted {counted.posted} of {sum(counted.deliveries.values())}"
        )
        news = line != self._said
        if news:
            self._said = line
            self._say(line)
        return news

    def _crawled(self, runs: list[DagRun]) -> Set[str]:
        ended = {run.dag_id for run in runs if run.has_ended}
        return {source for source in self._sources if f"crawl_{source}" in ended}

    def _is_idle(self, runs: list[DagRun]) -> bool:
        return self._crawled(runs) == self._sources and all(run.has_ended for run in runs)


@contextmanager
def running(place: Place, ports: Ports, say: Say, *, live: bool) -> Iterator[Show]:
    """A demo under way; on the way out nothing of it runs any more."""
    for name in sweep(place.processes):
        say(f"ended {name}, which an earlier demo had left running")
    place.make_empty()
    crew = Crew(place.processes, place.logs)
    with ExitStack() as stack:
        stack.callback(crew.stop)
        scene = Scene(place, ports, crew, say)
        scene.set_up(stack, schedule=EVERY_MINUTE if live else ONCE)
        yield Show(place, ports, crew, frozenset(site.name for site in SITES), say)
