"""A task is as red as its command, says why, and takes its whole process group with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from dags.command import MolvaCommand, molva_command


@pytest.fixture
def molva(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the command: a shell script that a test fills."""
    script = tmp_path / "molva stub"
    monkeypatch.setenv("MOLVA_COMMAND", f"sh '{script}'")
    return script


def task(*arguments: str) -> MolvaCommand:
    return MolvaCommand(task_id="one", arguments=arguments)


def execute(one: MolvaCommand) -> None:
    # Unwrapped, since Airflow lets only its task runner call `execute`.
    MolvaCommand.execute.__wrapped__(one, Context())  # type: ignore[attr-defined]


def run(*arguments: str) -> None:
    execute(task(*arguments))


def test_arguments_reach_the_command_as_they_are(molva: Path, tmp_path: Path) -> None:
    molva.write_text(f'printf "%s\\n" "$@" > "{tmp_path}/seen"')
    run("crawl", "a b; $HOME", "--since", "x")
    assert (tmp_path / "seen").read_text().splitlines() == ["crawl", "a b; $HOME", "--since", "x"]


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(1, "a bug"), (2, "configuration"), (3, "unhealthy"), (4, "blocked"), (75, "try again later")],
)
def test_an_exit_code_is_told_in_words(molva: Path, code: int, meaning: str) -> None:
    molva.write_text(f"exit {code}")
    with pytest.raises(AirflowException, match=f"ended with {code}, {meaning}"):
        run("crawl", "news")


def test_a_command_that_was_killed_is_red(molva: Path) -> None:
    molva.write_text("kill -9 $$")
    with pytest.raises(AirflowException, match="ended with -9, it was stopped"):
        run("crawl", "news")


def test_output_goes_to_the_log_whatever_its_bytes(
    molva: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    molva.write_text(r"printf 'stored 3\n\377\n'; echo 'Ромашка' >&2")
    run("crawl", "news")
    logged = capsys.readouterr().out
    for line in ("stored 3", "\\xff", "Ромашка"):
        assert f"] {line} " in logged


def test_a_timeout_ends_the_whole_group(molva: Path, tmp_path: Path) -> None:
    molva.write_text(f'sleep 60 & echo $! > "{tmp_path}/child"; wait')
    with pytest.raises(AirflowTaskTimeout), timeout(1):  # type: ignore[no-untyped-call]
        run("crawl", "news")
    wait_until_gone(wait_for(tmp_path / "child"))


def test_being_stopped_ends_the_children_too(molva: Path, tmp_path: Path) -> None:
    molva.write_text(f'sleep 60 & echo $! > "{tmp_path}/child"; wait')
    one = task("crawl", "news")
    one._process = subprocess.Popen(
        molva_command(), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    child = wait_for(tmp_path / "child")
    one.on_kill()
    assert one._process.returncode is not None
    wait_until_gone(child)
    one._process.stdout.close()  # type: ignore[union-attr]


def test_the_command_beside_this_python_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOLVA_COMMAND", raising=False)
    assert molva_command() == [str(Path(sys.executable).with_name("molva"))]


def wait_for(path: Path) -> int:
    for _ in range(200):
        if path.exists() and (text := path.read_text().strip()):
            return int(text)
        time.sleep(0.02)
    pytest.fail("the stub did not start")


def wait_until_gone(pid: int) -> None:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("a child is still running")
