"""The ``molva`` command in a process of its own, without waiting for its imports each time."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Forked off a process that has no threads and has loaded what a crawl needs, but started nothing.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["crawlers.source", "crawlers.spiders.feed", "feedparser", "extruct", "dateparser", "molva.cli"]
)
PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit code, negative for a signal, and what was said."""

    code: int
    out: str
    err: str

    @property
    def counts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.out)
        return facts


class Molva:
    """Runs the command with one ``watch.toml``."""

    def __init__(self, folder: Path, watch: str, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = {**env, "MOLVA_WATCH": str(folder / "watch.toml")}
        (folder / "watch.toml").write_text(watch, encoding="utf-8")

    def __call__(self, *arguments: str, **env: str) -> Ended:
        running = self.start(*arguments, **env)
        running.join(PATIENCE)
        return self.end(running)

    def start(self, *arguments: str, **env: str) -> Any:
        child = _CONTEXT.Process(
            target=_child, args=(arguments, {**self.env, **env}, self.folder), daemon=True
        )
        child.start()
        return child

    def end(self, running: Any) -> Ended:
        running.join(PATIENCE)
        code = running.exitcode
        if code is None:
            running.kill()
            raise TimeoutError("the command did not end")
        out, err = (self.folder / name for name in ("stdout", "stderr"))
        return Ended(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def _child(arguments: tuple[str, ...], env: Mapping[str, str], folder: Path) -> None:
    os.environ.update(env)
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    sys.argv = ["molva", *arguments]
    from molva.cli import main

    main()
