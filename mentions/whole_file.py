"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mentions.errors import ConfigError


class NotWholeError(Exception):
    """Raised within ``whole_file`` to leave no file: what was written is not all."""


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name once it is complete and on the disk.

    If anything is raised, an older file of that name stays as it was. Who may read it is for the
    umask to say, as with any file.
    """
    part = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    try:
        out = part.open("xb")
    except OSError as error:
        raise ConfigError(f"cannot write {target}: {error.strerror}") from error
    try:
        with out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except NotWholeError:
        pass
    except OSError as error:  # a full disk, a directory that went away
        raise ConfigError(f"cannot write {target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
