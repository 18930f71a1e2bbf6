"""Where the demo keeps everything: one directory, `.demo`, that `make clean` removes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """The paths inside it."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def processes(self) -> Path:
        """A record of each running process, so that a later run can end what this one could not."""
        return self.root / "processes"

    @property
    def watch(self) -> Path:
        return self.root / "watch.toml"

    @property
    def environment(self) -> Path:
        """What to source before typing `molva …` at a demo that runs."""
        return self.root / "env"

    @property
    def summary(self) -> Path:
        return self.root / "summary.json"

    @property
    def slack_data(self) -> Path:
        return self.root / "slack.jsonl"

    @property
    def slack_page(self) -> Path:
        return self.root / "slack.html"

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.watch, self.environment, self.summary, self.slack_data, self.slack_page)

    def make_empty(self) -> None:
        """Begin anew: each run shows the whole way of every post."""
        for directory in (self.store, self.airflow, self.logs):
            shutil.rmtree(directory, ignore_errors=True)
        for file in self.files:
            file.unlink(missing_ok=True)
        for directory in (self.store, self.airflow, self.logs, self.processes):
            directory.mkdir(parents=True, exist_ok=True)
