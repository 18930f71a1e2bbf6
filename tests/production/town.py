"""The demo's town on the shipped configuration: its sites, its posts, and what became of them."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from mentions.store.names import Names
from molva.demo import airflow, census
from molva.demo.airflow import DagRun
from molva.demo.census import Census
from molva.demo.scene import EVERY_MINUTE, ONCE
from molva.demo.sites import GOOD, SITES, demo_watch
from molva.demo.summary import Summary
from molva.ports import HOST
from tests.production import foreign
from tests.production.stand import WORKERS, Stand
from tests.production.state import State

NAMESPACE = "molva"
SOURCES = frozenset(site.name for site in SITES)
WELL = frozenset(site.name for site in GOOD)
LIMIT = 30.0  # seconds in which a fault names itself, to the doctor and in the log
SLOWER = "delay = 0.05", "delay = 0.2"  # a crawl must last long enough to be disturbed
AGELESS = 'max_age = "30d"'  # or what is decided would hang on how long a test takes
LOCAL_MOLVA = Path(__file__).parents[2] / ".venv/bin/molva"


class Town:
    """The whole system, up and watched."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._round = 0

    def set_up(self, stack: ExitStack) -> None:
        """In the order that the compose file's `depends_on` gives."""
        ports = {site.name: stack.enter_context(site.open()).port for site in SITES}
        replicas = f"\n[store]\nreplicas = {1 if self.stand.nodes > 1 else 0}\n"
        watch = demo_watch(ports).replace(EVERY_MINUTE, ONCE).replace(*SLOWER) + replicas
        watch = re.sub(r"(?m)^max_age = .*$", AGELESS, watch)
        (self.stand.root / "watch.toml").write_text(watch, encoding="utf-8")
        self.stand.run("certificates")
        for at in range(self.stand.nodes):
            foreign.start_node(self.stand, at)
        foreign.start_postgres(self.stand)
        if self.stand.celery:
            foreign.start_redis(self.stand)
        self.stand.wait(self.has_all_nodes, "elasticsearch")
        self.stand.run("init")
        self.stand.run("airflow-init")
        self.start_channel()
        self.start_airflow()

    def has_all_nodes(self) -> bool:
        health = self.stand.ask("/_cluster/health")
        all_here = int(health["number_of_nodes"]) == self.stand.nodes
        return all_here and health["status"] == "green"

    def nodes_seen(self, *, but: int) -> int:
        """How many nodes the others say there are."""
        asked = next(at for at in range(self.stand.nodes) if at != but)
        return int(self.stand.ask("/_cluster/health", node=asked)["number_of_nodes"])

    def master(self) -> str:
        """The name of the node that leads the cluster."""
        return str(self.stand.ask("/_cat/master?format=json")[0]["node"])

    def start_channel(self) -> None:
        """A Slack with nothing in it yet, and the service that posts to it."""
        self._round += 1
        port = str(self.stand.ports.slack)
        data = str(self.stand.root / f"slack-{self._round}.jsonl")
        command = [str(LOCAL_MOLVA), "dev", "slack", "--port", port, "--data", data]
        env = {"PATH": "/usr/bin:/bin"}
        self.stand.crew.start("slack", [*command, "--pace", "4"], env=env, cwd=self.stand.root)
        self.stand.wait(lambda: self._slack("auth.test")["ok"], "slack")
        self.stand.start("respond")

    def start_airflow(self) -> None:
        self.stand.start("airflow-apiserver")
        self.stand.start("airflow-dag-processor")
        self.stand.wait(lambda: self.ask_airflow(airflow.READY), "airflow-apiserver")
        self.stand.wait(lambda: self.ask_airflow(airflow.TASKS_READY), "airflow-apiserver")
        if self.stand.celery:
            for name in WORKERS:
                self.start_worker(name)
        self.stand.start("airflow-scheduler")

    def start_worker(self, name: str) -> None:
        # In Compose each worker has a host name of its own.
        self.stand.start("airflow-worker", "--celery-hostname", name, known_as=name)

    def begin_anew(self) -> None:
        """Empty store, empty channel, the same sites."""
        self.stand.crew.end("respond")
        self.stand.crew.end("slack")
        self.stand.ask(f"/{','.join(Names(NAMESPACE).all)}", method="DELETE")
        self.stand.run("init")
        self.start_channel()

    # what is wrong, said in time

    def doctor_complains(self, **more: str) -> str:
        """What a doctor who finds something says."""
        begun = time.monotonic()
        done = self.stand.run("airflow-scheduler", "molva", "doctor", check=False, **more)
        assert done.returncode == 3, done.stdout
        assert time.monotonic() - begun < LIMIT, done.stdout
        return done.stdout

    def names_itself(self, fault: str, *command: str, code: int, **more: str) -> None:
        """In the log of a command that fails with this code, which may end later."""
        log = self.stand.root / "failing.log"
        with self.stand.begun("airflow-scheduler", *command, log=log, **more) as process:
            self.stand.wait(lambda: fault in log.read_text(errors="replace"), fault, LIMIT)
            assert process.wait(timeout=300) == code

    # what is going on

    def ask_airflow(self, path: str, body: Any = None) -> Any:
        return self.stand.ask_airflow(path, body)

    def census(self) -> Census:
        return census.take(self.stand.ask, NAMESPACE)

    def runs(self) -> list[DagRun]:
        return airflow.dag_runs(self.ask_airflow)

    def trigger(self, dag_id: str) -> None:
        self.ask_airflow(f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})

    def crawl(self, *sources: str) -> None:
        """Have these crawled, or all that are not in trouble on purpose."""
        for name in sources or sorted(WELL):
            self.trigger(f"crawl_{name}")

    def busy_worker(self) -> str | None:
        """A worker that has a `molva` running below it."""
        for name in WORKERS:
            below = psutil.Process(self.stand.crew.pid(name)).children(recursive=True)
            if any(_words(process)[:1] == ["molva"] for process in below):
                return name
        return None

    def task_is_running(self, task: str) -> bool:
        """Whether a task of this name runs now, in any DAG."""
        found = self.ask_airflow("/api/v2/dags/~/dagRuns/~/taskInstances?state=running&limit=100")
        return any(each["task_id"] == task for each in found["task_instances"])

    def is_green(self, dag_id: str) -> bool:
        """Whether its latest run that has ended went well."""
        ended = [run for run in self.runs() if run.dag_id == dag_id and run.has_ended]
        return bool(ended) and not ended[0].is_red

    def all_crawled(self) -> bool:
        ended = {run.dag_id for run in self.runs() if run.has_ended}
        return all(f"crawl_{name}" in ended for name in SOURCES)

    def is_settled(self) -> bool:
        idle = all(run.has_ended for run in self.runs())
        counted = self.census()
        return idle and counted.stored > 0 and counted.is_settled

    def settle(self, seconds: float = 600.0) -> None:
        """Wait until no stage has anything left, running `judge` as its clock would."""
        asked = time.monotonic()

        def settled() -> bool:
            nonlocal asked
            counted = self.census()
            judged = counted.stored == sum(counted.decided.values())
            judging = any(run.dag_id == "judge" and not run.has_ended for run in self.runs())
            if not (judged or judging) and time.monotonic() - asked > 15:
                asked = time.monotonic()
                self.trigger("judge")
            return self.is_settled()

        self.stand.wait(settled, "everything settled", seconds)

    def settle_as_scheduled(self) -> None:
        """As `settle`, with another round of crawls first: the schedule is the retry."""
        self.stand.wait(lambda: all(run.has_ended for run in self.runs()), "runs over", 600)
        self.crawl()
        self.settle()

    def two_rounds(self) -> None:
        """From nothing, and undisturbed: what faults are compared with."""
        self.begin_anew()
        self.crawl()
        self.settle_as_scheduled()

    def summary(self) -> Summary:
        return Summary.of(self.census())

    def state(self) -> State:
        """Of the sources that are well: the others are in trouble anew each time."""
        mentions = {
            hit["_id"]: (hit["_source"]["text_hash"], _action(hit))
            for hit in self._all("mentions-v1")
            if hit["_source"]["mention"]["source"] in WELL
        }
        alerts = {hit["_id"]: hit["_source"]["delivery"]["state"] for hit in self._all("alerts")}
        return State(
            mentions,
            {id_: state for id_, state in alerts.items() if id_ in mentions},
            {id_: count for id_, count in self._messages().items() if id_ in mentions},
        )

    def _all(self, index: str) -> list[dict[str, Any]]:
        name = f"{NAMESPACE}-{index}"
        self.stand.ask(f"/{name}/_refresh", method="POST")
        hits: list[dict[str, Any]] = self.stand.ask(f"/{name}/_search", {"size": 5_000})["hits"][
            "hits"
        ]
        return hits

    def _messages(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for channel in self._slack("conversations.list")["channels"]:
            asked = {"channel": channel["id"], "limit": 999, "include_all_metadata": True}
            for message in self._slack("conversations.history", asked)["messages"]:
                found[message["metadata"]["event_payload"]["alert_id"]] += 1
        return dict(found)

    def _slack(self, method: str, body: dict[str, Any] | None = None) -> Any:
        asked = urllib.request.Request(
            f"http://{HOST}:{self.stand.ports.slack}/api/{method}",
            data=json.dumps(body or {}).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Authorization": f"Bearer {self.stand.values['MOLVA_SLACK_TOKEN']}",
            },
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.loads(answer.read())


def _words(process: psutil.Process) -> list[str]:
    """Program and subcommand; nothing of a process that is gone."""
    try:
        return [Path(word).name for word in process.cmdline()[1:3]]
    except psutil.Error:
        return []


def _action(hit: dict[str, Any]) -> str:
    return str(hit["_source"].get("decision", {}).get("action", ""))


@contextmanager
def town(stand: Stand) -> Iterator[Town]:
    """Up, and on the way out nothing of it runs any more."""
    with ExitStack() as stack:
        stack.callback(stand.crew.stop)
        made = Town(stand)
        made.set_up(stack)
        yield made
