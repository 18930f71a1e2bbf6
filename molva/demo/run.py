"""One run of the demo: set the scene, wait until every post has gone its way, tell what became."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from mentions.errors import PermanentError, TransientError
from molva.demo import airflow, census
from molva.demo.airflow import DagRun
from molva.demo.census import Census
from molva.demo.crew import Crew, sweep
from molva.demo.local_http import ask, fetch
from molva.demo.place import Place
from molva.demo.scene import EVERY_MINUTE, NAMESPACE, ONCE, Ports, Scene
from molva.demo.sites import GOOD, SITES
from molva.demo.summary import Summary

PATIENCE = 180.0  # seconds without any progress
LOOK_EVERY = 1.0
SAY_EVERY = 3.0

Say = Callable[[str], None]
_GOOD = frozenset(site.name for site in GOOD)


@dataclass(frozen=True, slots=True)
class View:
    """What the store and Airflow say at one moment."""

    counted: Census
    runs: tuple[DagRun, ...]

    def crawled(self, sources: Set[str]) -> Set[str]:
        """Sources of which a crawl has ended, well or not."""
        ended = {run.dag_id for run in self.runs if run.has_ended}
        return {source for source in sources if f"crawl_{source}" in ended}

    def red(self, sources: Set[str]) -> Set[str]:
        """Sources whose latest run is red; runs come newest first."""
        latest = {run.dag_id: run for run in reversed(self.runs) if run.has_ended}
        red = {dag_id for dag_id, run in latest.items() if run.is_red}
        return {source for source in sources if f"crawl_{source}" in red}

    @property
    def is_idle(self) -> bool:
        return all(run.has_ended for run in self.runs)

    def is_settled(self, sources: Set[str]) -> bool:
        """Whether every source has been read and no stage has anything left to do."""
        read = self.crawled(sources) == sources and self.counted.stored > 0
        return read and self.counted.is_settled


class Show:
    """The demo while it runs: what a person could look up on its pages, looked up for them."""

    def __init__(self, place: Place, ports: Ports, crew: Crew, say: Say) -> None:
        self._place = place
        self._ports = ports
        self._crew = crew
        self._say = say
        self._sources = frozenset(site.name for site in SITES)
        self._said = ""
        self._said_at = 0.0

    def wait_until_settled(self, *, idle: bool) -> View:
        """Follow the posts, with a line for what has moved, until no stage has more to do.

        With ``idle`` also until Airflow rests, which it may never do while crawls go on.
        """
        last, moved_at = "", time.monotonic()
        while True:
            view = self.look()
            if (line := self._line(view)) != last:
                last, moved_at = line, time.monotonic()
            settled = view.is_settled(self._sources) and (view.is_idle or not idle)
            self._tell(line, at_once=settled)
            if settled:
                return view
            if broken := view.red(_GOOD):
                raise PermanentError(
                    "\n".join(airflow.last_words(self._place, name) for name in sorted(broken))
                )
            if time.monotonic() - moved_at > PATIENCE:
                raise PermanentError(
                    f"nothing has moved for {PATIENCE:.0f} s; the logs are in {self._place.logs}"
                )
            time.sleep(LOOK_EVERY)

    def stay(self) -> None:
        """Tell what happens until somebody ends it."""
        while True:
            self._tell(self._line(self.look()))
            time.sleep(LOOK_EVERY)

    def save(self, view: View) -> Summary:
        """Keep the numbers, and the channel as a responder sees it."""
        summary = Summary.of(view.counted)
        self._place.summary.write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
        self._place.slack_page.write_bytes(fetch(self._ports.slack, "/"))
        return summary

    def look(self) -> View:
        self._crew.check()
        try:
            # Airflow first: what a crawl stored before it ended is then surely counted.
            runs = airflow.dag_runs(partial(ask, self._ports.airflow))
            counted = census.take(partial(ask, self._ports.store), NAMESPACE)
            return View(counted, tuple(runs))
        except TransientError:
            self._crew.check()  # says more, if a process that died is why
            raise

    def _line(self, view: View) -> str:
        counted = view.counted
        return (
            f"crawled {len(view.crawled(self._sources))} of {len(self._sources)} sources, "
            f"stored {counted.stored}, scored {counted.scored}, "
            f"decided {sum(counted.decided.values())}, "
            f"posted {counted.posted} of {sum(counted.deliveries.values())}"
        )

    def _tell(self, line: str, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if line != self._said and (at_once or now - self._said_at >= SAY_EVERY):
            self._said, self._said_at = line, now
            self._say(line)


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
        yield Show(place, ports, crew, say)
