"""Airflow on this machine, for one person: SQLite, loopback, nothing running that is not needed.

The settings are measured ones: with them a crawl starts about a second after the DAGs are read.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molva.demo.local_http import Ask
from molva.demo.place import Place
from molva.ports import HOST

DAGS = Path(__file__).parents[2] / "dags"
AIRFLOW = [sys.executable, "-m", "airflow"]
MIGRATE = [*AIRFLOW, "db", "migrate"]
SCHEDULER = [*AIRFLOW, "scheduler", "--skip-serve-logs"]
DAG_PROCESSOR = [*AIRFLOW, "dag-processor"]
API_SERVER = [*AIRFLOW, "api-server", "--host", HOST, "--workers", "1"]

READY = "/api/v2/version"
TASKS_READY = "/execution/health"
RUNS = "/api/v2/dags/~/dagRuns?order_by=-start_date&limit=100"
LAST_EVENTS = 6
LONGEST = 500
ENDED = frozenset({"success", "failed"})


def environment(place: Place, port: int) -> dict[str, str]:
    """The ``AIRFLOW_…`` variables that all its processes share."""
    address = f"http://{HOST}:{port}"
    options = {
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__PARALLELISM": "3",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "API__PORT": str(port),
        "API__BASE_URL": address,
        "API__SECRET_KEY": secrets.token_hex(32),
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        # The DAG files do not change while a demo runs: read them once, in one process.
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        # A supervisor may miss the end of its task and then looks again only this much later.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "LOGGING__BASE_LOG_FOLDER": str(place.logs / "airflow"),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    named = {f"AIRFLOW__{name}": value for name, value in options.items()}
    return {"AIRFLOW_HOME": str(place.airflow), **named}


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run as Airflow's own page shows it."""

    dag_id: str
    state: str

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_red(self) -> bool:
        return self.state == "failed"


def dag_runs(ask: Ask) -> list[DagRun]:
    """All runs so far, newest first."""
    answer: Mapping[str, Any] = ask(RUNS, None)
    return [DagRun(str(run["dag_id"]), str(run["state"])) for run in answer["dag_runs"]]


def last_words(place: Place, source: str) -> str:
    """Why the crawl of a source is red, as the logs of its tasks tell."""
    logs = (place.logs / "airflow" / f"dag_id=crawl_{source}").rglob("*.log")
    newest = max(logs, key=lambda log: log.stat().st_mtime, default=None)
    if newest is None:
        return f"crawl_{source} is red, and left no log"
    lines = newest.read_text(encoding="utf-8", errors="replace").splitlines()
    events = [event for line in lines if (event := _event(line)) and not event.startswith("::")]
    shown = [f"    {event[-LONGEST:]}" for event in events[-LAST_EVENTS:]]
    return "\n".join([f"crawl_{source} is red; the end of {newest}:", *shown])


def _event(line: str) -> str:
    """A line of a task's log is a JSON object, unless the task was cut short."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError):
        return line
