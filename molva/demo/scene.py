"""Everything that must run before the first post is read, started as side by side as it can be."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mentions.errors import PermanentError
from molva.demo import airflow
from molva.demo.crew import Crew
from molva.demo.local_http import answers
from molva.demo.place import Place
from molva.demo.sites import SITES, demo_watch
from molva.ports import HOST, free_ports

NAMESPACE = "molva"
MOLVA = str(Path(sys.executable).with_name("molva"))
READY_SECONDS = 180.0
EVERY_MINUTE = "* * * * *"  # as the demo's watch.toml has it, for a demo that stays
ONCE = "0 0 1 1 *"  # Airflow runs the latest date that has passed, and then waits for the next
# What a person's own set-up must not lend the demo: keys, addresses, proxies.
FOREIGN = ("MOLVA_", "AIRFLOW", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's servers listen."""

    store: int
    slack: int
    airflow: int

    @classmethod
    def free(cls) -> Ports:
        return cls(*free_ports(3))


class Scene:
    """Starts the sites, the servers, the service and Airflow, all in one environment.

    The sites are threads of this process, closed with ``stack``; the rest belongs to the crew.
    """

    def __init__(self, place: Place, ports: Ports, crew: Crew, say: Callable[[str], None]) -> None:
        self._place = place
        self._ports = ports
        self._crew = crew
        self._say = say
        own = {k: v for k, v in os.environ.items() if not k.upper().startswith(FOREIGN)}
        self._molva = molva_environment(place, ports)
        self._env = {**own, **self._molva, **airflow.environment(place, ports.airflow)}

    def set_up(self, stack: ExitStack, *, schedule: str) -> None:
        """Return once the scheduler runs: from then on posts are crawled."""
        self._say("starting the local sites, the store, the local Slack and Airflow")
        self._start("airflow-migrate", airflow.MIGRATE)
        self._open_sites(stack, schedule)
        self._start_servers()
        self._write_environment()
        self._molva_run("init")
        self._crew.finish("airflow-migrate", seconds=READY_SECONDS)
        self._start("airflow-page", airflow.API_SERVER)
        self._molva_run("check")
        self._start("respond", [MOLVA, "respond"])
        self._start_scheduler()

    def _start_scheduler(self) -> None:
        self._start("airflow-dags", airflow.DAG_PROCESSOR)
        self._wait_for("airflow-page", self._ports.airflow, airflow.READY)
        self._start("airflow-scheduler", airflow.SCHEDULER)
        # What tasks talk to is put together at the first request, which takes seconds: be that one.
        self._wait_for("airflow-page", self._ports.airflow, airflow.TASKS_READY)

    def _open_sites(self, stack: ExitStack, schedule: str) -> None:
        ports = {site.name: stack.enter_context(site.open()).port for site in SITES}
        watch = demo_watch(ports).replace(EVERY_MINUTE, schedule)
        self._place.watch.write_text(watch, encoding="utf-8")

    def _write_environment(self) -> None:
        """What to source before typing ``molva …`` at the running demo."""
        lines = [f"{name}={shlex.quote(value)}" for name, value in self._molva.items()]
        self._place.environment.write_text("\n".join([*lines, ""]), encoding="utf-8")
        self._place.environment.chmod(0o600)

    def _start_servers(self) -> None:
        place, ports = self._place, self._ports
        store = ["store", "run", "--data", str(place.store), "--port", str(ports.store)]
        slack = ["dev", "slack", "--data", str(place.slack_data), "--port", str(ports.slack)]
        self._start("store", [MOLVA, *store])
        self._start("slack", [MOLVA, *slack])
        self._wait_for("store", ports.store, "/")
        self._wait_for("slack", ports.slack, "/")

    def _start(self, name: str, command: list[str]) -> None:
        self._crew.start(name, command, env=self._env, cwd=self._place.root)

    def _molva_run(self, *arguments: str) -> None:
        done = subprocess.run(
            [MOLVA, *arguments],
            env=self._env,
            cwd=self._place.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise PermanentError(f"molva {arguments[0]} ended with {done.returncode}: {said}")

    def _wait_for(self, name: str, port: int, path: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(port, path):
            self._crew.check()
            if time.monotonic() > deadline:
                log = self._crew.log(name)
                raise PermanentError(f"{name} gave no answer in {READY_SECONDS:.0f} s; see {log}")
            time.sleep(0.1)


def molva_environment(place: Place, ports: Ports) -> dict[str, str]:
    """What a deployment would set, pointed at the demo's own servers."""
    return {
        "MOLVA_WATCH": str(place.watch),
        "MOLVA_NAMESPACE": NAMESPACE,
        "MOLVA_ELASTICSEARCH_URL": f"http://{HOST}:{ports.store}",
        "MOLVA_SLACK_API_URL": f"http://{HOST}:{ports.slack}/api/",
        "MOLVA_SLACK_TOKEN": "xoxb-demo",
        "MOLVA_SECRET": secrets.token_hex(32),
    }
