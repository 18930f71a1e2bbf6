"""The local Slack's memory on disk: one JSON line per change, appended and never rewritten.

A line is handed to the operating system before its call is answered, so a killed server knows
after its restart whatever it had acknowledged. A last line cut off by a kill is dropped.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from mentions.errors import ConfigError

log = structlog.get_logger()

Entry = dict[str, Any]


class Journal:
    """Append changes to a file, and read them back; one server at a time holds the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what failed to be written must not turn up later.
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigError(
                f"cannot open {path}: {reason}. Choose another --data file."
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ConfigError(
                f"{path} is in use by another local Slack. Stop it, or choose another --data file."
            ) from None

    def entries(self) -> Iterator[Entry]:
        """All changes so far, oldest first; to be read to its end before the first append."""
        end = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    log.warning("unfinished last line dropped", file=str(self._path), line=number)
                    break
                yield self._read(line, number)
                end += len(line)
        self._file.truncate(end)

    def append(self, entry: Entry) -> None:
        """Keep one change; after an error (a full disk) the file ends where it ended before."""
        if self._file.closed:
            raise OSError(f"{self._path} is closed: the server is ending")
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) != len(line):
                raise OSError(f"{self._path} took only part of a line")
        except OSError:
            self._file.truncate(end)
            raise

    def close(self) -> None:
        """Let the file go; another server may then open it."""
        self._file.close()

    def _read(self, line: bytes, number: int) -> Entry:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or "op" not in entry:
            raise ConfigError(
                f"{self._path}, line {number} is no entry of a local Slack. "
                "Choose another --data file, or remove that line."
            )
        return entry
