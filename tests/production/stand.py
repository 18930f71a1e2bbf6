"""The services of docker-compose.yml as processes of this machine.

Command, environment and order come from the file; names of hosts become ports on loopback, and
paths of containers become folders of ours. What differs beyond that is listed in ``NATIVE``.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from molva.demo.crew import Crew
from molva.ports import HOST, free_ports
from tests import servers
from tests.production import compose
from tests.production.image import Image

NODES = ("elasticsearch", "elasticsearch-2", "elasticsearch-3")
WORKERS = ("worker-1", "worker-2")
SECONDS = 300.0  # generous: only what never comes is a failure
MOST_RESTARTS = 6
# The test server's superuser; the image's is `elastic` with ELASTIC_PASSWORD.
SUPERUSER, SUPERUSER_PASSWORD = servers.ADMIN.split(":")
NATIVE = {
    "ELASTIC_USER": SUPERUSER,  # the test build of Elasticsearch brings its own
    # Two schedulers on one machine, say a demo beside this, must not want the same port.
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(free_ports(1)[0]),
    # A supervisor that misses the end of its task looks again only this much later.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each service listens here."""

    nodes: tuple[int, ...]
    postgres: int
    redis: int
    airflow: int
    metrics: int
    slack: int


def _ports(nodes: int) -> Ports:
    while True:  # a node's transport listens at its port + 100
        *found, postgres, redis, airflow, metrics, slack = free_ports(nodes + 5)
        if all(port + 100 < 65_536 for port in found):
            return Ports(tuple(found), postgres, redis, airflow, metrics, slack)


@dataclass
class Stand:
    """Everything that one run of the shipped configuration needs."""

    root: Path
    image: Image
    celery: bool = False
    nodes: int = 1
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports = _ports(self.nodes)
        self.root.chmod(0o755)  # PostgreSQL runs as another user than root
        for name in ("logs", "processes", "run/certificates", "run/keys", "airflow"):
            (self.root / name).mkdir(parents=True)
        self.crew = Crew(self.root / "processes", self.root / "logs")
        self.values = {**self._secrets(), **self.values}
        self.restarts: list[str] = []
        self._again: dict[str, Callable[[], None]] = {}
        self.files = compose.CLUSTER if self.nodes > 1 else compose.FILES

    def _secrets(self) -> dict[str, str]:
        required = {name for name, how in compose.variables().items() if how & {"?", ":?"}}
        made = {name: secrets.token_hex(32) for name in required}
        made["AIRFLOW_FERNET_KEY"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made["ELASTIC_PASSWORD"] = SUPERUSER_PASSWORD
        made["MOLVA_SLACK_TOKEN"] = "xoxb-local"
        made["MOLVA_SLACK_API_URL"] = f"http://{HOST}:{self.ports.slack}/api/"
        made["AIRFLOW_TASK_HEARTBEAT_TIMEOUT"] = "45"
        made["MOLVA_WATCH"] = str(self.root / "watch.toml")
        if self.celery:
            made |= {"COMPOSE_PROFILES": "scale", "AIRFLOW_EXECUTOR": "CeleryExecutor"}
        others = [f"https://{name}:9200" for name in NODES[1 : self.nodes]]
        return made | {"MOLVA_ELASTICSEARCH_MORE_URLS": ",".join(others)}

    def local(self, text: str) -> str:
        """A value of the compose file as it must be here."""
        for theirs, ours in self._places():
            text = text.replace(theirs, ours)
        return self.image.place(text)

    def _places(self) -> list[tuple[str, str]]:
        ports = self.ports
        nodes = zip(NODES, ports.nodes, strict=False)
        return [
            *((f"https://{name}:9200", f"https://{HOST}:{port}") for name, port in nodes),
            ("@postgres:5432", f"@{HOST}:{ports.postgres}"),
            ("@redis:6379", f"@{HOST}:{ports.redis}"),
            ("http://airflow-apiserver:8080", f"http://{HOST}:{ports.airflow}"),
            ("http://localhost:8080", f"http://{HOST}:{ports.airflow}"),
            ("0.0.0.0:9464", f"{HOST}:{ports.metrics}"),
            ("0.0.0.0", HOST),
            ("/etc/molva/watch.toml", str(self.root / "watch.toml")),
            ("/run/molva", str(self.root / "run")),
            ("/var/lib/airflow", str(self.root / "airflow")),
        ]

    def service(self, name: str) -> compose.Service:
        """Command and environment of a service, in terms of this machine."""
        told = compose.service(name, self.values, self.files)
        environment = {key: self.local(value) for key, value in told.environment.items()}
        return compose.Service([self.local(word) for word in told.command], environment)

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """What a process of this service gets, and nothing of ours but where programs are."""
        return {
            "PATH": f"{self.image.bin}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.root),
            "AIRFLOW_HOME": str(self.root / "airflow"),
            **NATIVE,
            **self.service(name).environment,
            **more,
        }

    def start(self, name: str, *extra: str, known_as: str = "", **more: str) -> None:
        """Start a service of ours through the image's entry point."""
        entry = self.image.place("/opt/molva/deploy/entrypoint")
        words = [self._word(word) for word in self.service(name).command]
        environment = self.environment(name, **more)
        known_as = known_as or name

        def again() -> None:
            self.crew.start(known_as, [entry, *words, *extra], env=environment, cwd=self.root)

        self._again[known_as] = again
        again()

    def tend(self) -> None:
        """What `restart: unless-stopped` does: start again those of ours that have ended."""
        for name in self.crew.dead():
            self.crew.end(name)
            self.restarts.append(name)
            log = self.crew.log(name).read_text(errors="replace")[-3_000:]
            assert self.restarts.count(name) < MOST_RESTARTS, f"{name} dies at once:\n{log}"
            self._again[name]()

    def _word(self, word: str) -> str:
        return str(self.ports.airflow) if word == "8080" else word

    def run(
        self, name: str, *words: str, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """A one-shot service, or another command in its place (`docker compose run --rm`)."""
        entry = self.image.place("/opt/molva/deploy/entrypoint")
        done = subprocess.run(
            [entry, *(words or self.service(name).command)],
            env=self.environment(name, **more),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{name} {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def begun(self, name: str, *words: str, log: Path, **more: str) -> subprocess.Popen[bytes]:
        """Another command in a service's place, still running, and what it says of itself."""
        entry = self.image.place("/opt/molva/deploy/entrypoint")
        environment = self.environment(name, **more)
        with log.open("wb") as output:
            return subprocess.Popen(
                [entry, *words],
                env=environment,
                cwd=self.root,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )

    def kill(self, name: str) -> None:
        """Kill -9 it and all that it has started, as the end of a container or a host would."""
        leader = psutil.Process(self.crew.pid(name))
        for process in [leader, *leader.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.crew.end(name)

    def ask(self, path: str, body: Any = None, *, method: str = "", node: int = 0) -> Any:
        """The store's answer to a superuser, from the first node that gives one."""
        order = [*self.ports.nodes[node:], *self.ports.nodes[:node]]
        for port in order:
            try:
                return servers.request(
                    f"https://{HOST}:{port}{path}",
                    method=method or ("GET" if body is None else "POST"),
                    body=body,
                    auth=servers.ADMIN,
                    ca=self.root / "run/certificates/ca.crt",
                )
            except urllib.error.HTTPError:
                raise
            except urllib.error.URLError:
                if port == order[-1]:
                    raise
        raise AssertionError("no node")

    def ask_airflow(self, path: str, body: Any = None) -> Any:
        """Airflow's own page, as the operator whom `airflow-init` has made."""
        headers = {"Content-Type": "application/json"}
        if path != "/auth/token":
            login = {
                "username": "operator",
                "password": self.values["AIRFLOW_ADMIN_PASSWORD"],
            }
            token = self.ask_airflow("/auth/token", login)["access_token"]
            headers["Authorization"] = f"Bearer {token}"
        asked = urllib.request.Request(
            f"http://{HOST}:{self.ports.airflow}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read())

    def wait(self, true: Callable[[], Any], what: str, seconds: float = SECONDS) -> None:
        """Until it is so; an answer that does not come counts as no."""
        deadline = time.monotonic() + seconds
        last = "no"
        while time.monotonic() < deadline:
            self.tend()
            try:
                if true():
                    return
            except (OSError, urllib.error.URLError, ssl.SSLError, KeyError) as error:
                last = str(error)
            time.sleep(0.3)
        raise AssertionError(f"{what}: not within {seconds:.0f} s ({last})")
