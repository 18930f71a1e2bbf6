"""No process of the demo outlives it, and none that is not the demo's is ever touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mentions.errors import PermanentError
from molva.demo.crew import Crew, sweep

# Starts a child in a session of its own, as Airflow's tasks do, and says its number.
PARENT = """
import subprocess, time
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    for name in ("processes", "logs"):
        (tmp_path / name).mkdir()
    crew = Crew(tmp_path / "processes", tmp_path / "logs")
    yield crew
    crew.stop()


def start(crew: Crew, name: str, *command: str) -> None:
    crew.start(name, command, env=dict(os.environ), cwd=Path.cwd())


def child_of(crew: Crew, name: str) -> int:
    for _ in range(500):
        if text := crew.log(name).read_text().strip():
            return int(text)
        time.sleep(0.02)
    pytest.fail("the process did not start")


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_stopping_ends_descendants_in_sessions_of_their_own(crew: Crew, tmp_path: Path) -> None:
    start(crew, "parent", sys.executable, "-c", PARENT)
    child = child_of(crew, "parent")
    crew.stop()
    assert not runs(child)
    assert list((tmp_path / "processes").iterdir()) == []


def test_a_process_that_ignores_the_request_is_ended_hard(crew: Crew) -> None:
    script = "trap '' TERM; echo $$; while :; do sleep 0.1; done"
    start(crew, "deaf", "sh", "-c", script)
    pid = child_of(crew, "deaf")
    crew.stop(seconds=0.5)
    assert not runs(pid)


def test_an_early_death_is_told_with_the_end_of_the_log(crew: Crew) -> None:
    start(crew, "brief", "sh", "-c", "echo the port is taken; exit 7")
    while runs(crew.pid("brief")):
        time.sleep(0.02)
    with pytest.raises(PermanentError, match=r"(?s)brief died early \(code 7\).*the port is taken"):
        crew.check()


def test_a_step_must_end_well_and_in_time(crew: Crew) -> None:
    start(crew, "good", "true")
    crew.finish("good", seconds=10)
    crew.check()  # one that is finished is no longer missed
    start(crew, "bad", "sh", "-c", "echo no such table; exit 3")
    with pytest.raises(PermanentError, match=r"(?s)bad ended with 3.*no such table"):
        crew.finish("bad", seconds=10)
    start(crew, "slow", "sleep", "60")
    with pytest.raises(PermanentError, match="slow took longer"):
        crew.finish("slow", seconds=0.1)


def test_a_later_run_ends_what_an_earlier_one_left(crew: Crew, tmp_path: Path) -> None:
    start(crew, "parent", sys.executable, "-c", PARENT)
    child = child_of(crew, "parent")
    assert sweep(tmp_path / "processes") == ["parent"]
    assert not runs(child)
    assert sweep(tmp_path / "processes") == []


def test_a_number_that_was_given_to_another_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        record = {"name": "store", "pid": stranger.pid, "began": 1_000_000_000.0}
        (tmp_path / "store.json").write_text(json.dumps(record))
        (tmp_path / "torn.json").write_text('{"name": "sto')
        assert sweep(tmp_path) == []
        assert stranger.poll() is None
        assert list(tmp_path.iterdir()) == []
        stranger.kill()
