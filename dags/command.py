"""A task that runs one `molva` command and is as red as the command's exit code."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException

MEANING = {
    1: "a bug, or a refusal that will not pass: the lines above say which",
    2: "configuration: a person must change a setting; `molva check` lists every problem",
    3: "unhealthy: the lines above say what is wrong with the source",
    4: "blocked: the site refuses us; slow down or ask its owner, never go round it",
    75: "try again later: the store or the network was away; nothing was lost",
}

EXIT_CODES = "### What red means\n\n| exit code | meaning |\n|---|---|\n" + "".join(
    f"| {code} | {meaning} |\n" for code, meaning in MEANING.items()
)

SECONDS_TO_END = 15.0


class MolvaCommand(BaseOperator):
    """Run ``molva`` with ``arguments``, its output in the task's log.

    The command gets a process group of its own, and a timeout or a stop from the page ends the
    whole group: a crawl leaves nothing running behind a task that is over. ``MOLVA_COMMAND``
    names another ``molva`` than the one beside this Python.
    """

    template_fields: Sequence[str] = ("arguments",)

    def __init__(self, *, arguments: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arguments = list(arguments)
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Context) -> None:
        command = [*molva_command(), *self.arguments]
        self.log.info("running %s", shlex.join(command))
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        ) as self._process:
            code = self._follow(self._process)
        if code:
            meaning = MEANING.get(code, "it was stopped" if code < 0 else "an unknown exit code")
            raise AirflowException(f"molva {self.arguments[0]} ended with {code}, {meaning}")

    def _follow(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                self.log.info("%s", line.rstrip())
            return process.wait()
        finally:  # Airflow's timeout is raised in here
            end(process)

    def on_kill(self) -> None:
        if self._process is not None:
            end(self._process)


def molva_command() -> list[str]:
    """The argv that starts ``molva``, found when a task runs, so that no DAG depends on it."""
    named = os.environ.get("MOLVA_COMMAND")
    return shlex.split(named) if named else [str(Path(sys.executable).with_name("molva"))]


def end(process: subprocess.Popen[str]) -> None:
    """Stop the process and whatever it started; do nothing if it has ended."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
