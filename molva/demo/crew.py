"""The demo's processes: each in a group of its own, on record, and gone when the demo is.

A process is on record with the moment it began, since its number alone may belong to somebody else
by the time a later run reads it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from mentions.errors import PermanentError

SECONDS_TO_END = 10.0
LAST_LINES = 15


class Crew:
    """Starts processes, notices the first that dies, and ends them all."""

    def __init__(self, records: Path, logs: Path) -> None:
        self._records = records
        self._logs = logs
        self._members: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], cwd: Path
    ) -> None:
        """Start it in the background, its output in a log of its own."""
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._members[name] = process
        began = psutil.Process(process.pid).create_time()
        record = {"name": name, "pid": process.pid, "began": began}
        (self._records / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")

    def finish(self, name: str, *, seconds: float) -> None:
        """Wait until one that ends by itself has ended well."""
        try:
            code = self._members[name].wait(seconds)
        except subprocess.TimeoutExpired:
            late = f"{name} took longer than {seconds:.0f} s"
            raise PermanentError(late + self._tail(name)) from None
        if code:
            raise PermanentError(f"{name} ended with {code}{self._tail(name)}")
        self._forget(name)

    def check(self) -> None:
        """Raise a ``PermanentError`` with the end of its log if one has died."""
        for name, process in self._members.items():
            if (code := process.poll()) is not None:
                raise PermanentError(f"{name} died early (code {code}){self._tail(name)}")

    def dead(self) -> list[str]:
        """Those that have ended by themselves, for whoever would rather start them again."""
        return [name for name, process in self._members.items() if process.poll() is not None]

    def end(self, name: str, *, seconds: float = SECONDS_TO_END) -> None:
        """End one of them, or clear away what is left of one that has died."""
        end_groups([self._members[name].pid], seconds=seconds)
        self._forget(name)

    def stop(self, *, seconds: float = SECONDS_TO_END) -> None:
        """End all of them, the one that was started first (the store) last."""
        leaders = [process.pid for process in self._members.values()]
        end_groups(leaders[1:], seconds=seconds)
        end_groups(leaders[:1], seconds=seconds)
        for name in list(self._members):
            self._forget(name)

    def pid(self, name: str) -> int:
        return self._members[name].pid

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _forget(self, name: str) -> None:
        self._members.pop(name).wait()
        (self._records / f"{name}.json").unlink(missing_ok=True)

    def _tail(self, name: str) -> str:
        log = self.log(name)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return f"; the end of {log}:\n" + "\n".join(f"    {line}" for line in lines)


def sweep(records: Path) -> list[str]:
    """End what an earlier run left behind, and tell what that was."""
    found: dict[str, int] = {}
    for record in sorted(records.glob("*.json")):
        try:
            known = json.loads(record.read_text(encoding="utf-8"))
            if _is_same(int(known["pid"]), float(known["began"])):
                found[str(known["name"])] = int(known["pid"])
        except (ValueError, KeyError, TypeError):
            pass  # a run that died while it wrote this left nothing that a record could name
    end_groups(found.values())
    for record in records.glob("*.json"):
        record.unlink(missing_ok=True)
    return list(found)


def end_groups(leaders: Iterable[int], *, seconds: float = SECONDS_TO_END) -> None:
    """Ask every process of these groups, and all they started, to end; then see that they do."""
    groups = list(leaders)
    processes = {process for leader in groups for process in _family(leader)}
    _signal(groups, processes, signal.SIGTERM)
    alive = _wait(processes, seconds)
    _signal(groups, alive, signal.SIGKILL)
    _wait(alive, 1)


def _wait(processes: set[psutil.Process], seconds: float) -> set[psutil.Process]:
    """Those that still run after that time."""
    deadline = time.monotonic() + seconds
    while (alive := set(filter(_runs, processes))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _runs(process: psutil.Process) -> bool:
    """Whether it does anything: an orphan that has ended stays listed until init looks for it."""
    try:
        return process.is_running() and str(process.status()) != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _family(leader: int) -> list[psutil.Process]:
    """The process and its descendants, also those that made groups of their own."""
    try:
        process = psutil.Process(leader)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_same(pid: int, began: float) -> bool:
    try:
        return abs(psutil.Process(pid).create_time() - began) < 1
    except psutil.NoSuchProcess:
        return False


def _signal(groups: list[int], processes: set[psutil.Process], number: signal.Signals) -> None:
    """Each group as a whole, and the processes that have left theirs one by one."""
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) not in groups:
                process.send_signal(number)
    for leader in groups:
        # Either means that it is gone; macOS says the latter of a group that is only a zombie.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)
