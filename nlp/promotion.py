"""A model directory is replaced by another one at once, and the one before it can come back.

Beside the directory stands ``.NAME.previous``, the model before the last change. A new model is
copied to ``.NAME.next`` and exchanged with the current one in a single step of the file system, so
that at every moment there is a whole model to load. ``MARK`` tells what a cut run left in
``.NAME.next``: with it a copy that nobody has loaded yet, without it the model that was replaced.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mentions.errors import ConfigError, TransientError
from nlp.onnx_judge import CONFIG, TOKENIZER, WEIGHTS
from nlp.train.card import CARD

FILES = (WEIGHTS, TOKENIZER, CONFIG, CARD)
MARK = ".not-yet-current"
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


@dataclass(frozen=True, slots=True)
class Places:
    """Where the models around a current one lie."""

    current: Path

    @classmethod
    def around(cls, directory: Path) -> Places:
        return cls(directory.resolve())  # what a link leads to is exchanged, not the link

    @property
    def next(self) -> Path:
        return self._beside("next")

    @property
    def previous(self) -> Path:
        return self._beside("previous")

    @property
    def refuse(self) -> Path:
        return self._beside("refuse")

    def _beside(self, what: str) -> Path:
        return self.current.with_name(f".{self.current.name}.{what}")


def identity(directory: Path) -> str:
    """The same for two directories that hold the same model; ConfigError if one holds none."""
    digest = sha256()
    for name in FILES:
        try:
            content = (directory / name).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{directory / name}: {error.strerror}; a model directory, as `molva train` "
                f"leaves it, holds {', '.join(FILES)}"
            ) from error
        digest.update(sha256(content).digest())
    return digest.hexdigest()


def standing(into: Path) -> str | None:
    """The identity of the current model; None if there is none yet."""
    return identity(into) if into.exists() else None


def promote(candidate: Path, into: Path, *, expected: str, against: str | None) -> bool:
    """Make ``candidate`` the current model; False if it is already.

    ``expected`` is its identity when it was measured, ``against`` what was ``standing`` then: if
    either has changed since, what was measured says nothing of it, and nothing is exchanged.
    """
    places = Places.around(into)
    with _alone(places):
        _settle(places)
        current = standing(places.current)
        if current == expected:
            return False
        if current != against:
            raise TransientError(f"{into} has changed while {candidate} was measured: try again")
        _stage(candidate, places)
        if identity(places.next) != expected:
            raise ConfigError(f"{candidate} has changed while it was measured: measure it again")
        _exchange(places.next, places.current)
        _settle(places)
    return True


def roll_back(into: Path, *, expected: str) -> None:
    """Exchange the current model and the previous one; a second time takes it back.

    ``expected`` is the identity of the previous one when the caller looked at it.
    """
    places = Places.around(into)
    with _alone(places):
        _settle(places)
        if identity(previous_of(into)) != expected:
            raise TransientError(f"the model before {into} has just changed: try again")
        _exchange(places.previous, places.current)


def previous_of(into: Path) -> Path:
    """Where the model lies that a roll-back would bring back, also after a cut run."""
    places = Places.around(into)
    replaced = places.next.is_dir() and not (places.next / MARK).exists()
    previous = places.next if replaced else places.previous
    if not previous.is_dir():
        raise ConfigError(f"{into} has no previous model: only a promotion leaves one")
    return previous


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """Two changes at once would each undo half of the other."""
    try:
        handle = os.open(places.current.parent, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"{places.current.parent}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise TransientError(f"another command is changing {places.current}") from error
    except OSError as error:  # a full disk, a directory that may not be written
        raise ConfigError(f"cannot change {places.current}: {error}") from error
    finally:
        os.close(handle)


def _settle(places: Places) -> None:
    """Finish what a cut run began, or clear it away."""
    shutil.rmtree(places.refuse, ignore_errors=True)
    if (places.next / MARK).exists():
        _discard(places.next, places)
    elif places.next.exists():
        _discard(places.previous, places)
        places.next.rename(places.previous)
    (places.current / MARK).unlink(missing_ok=True)
    _to_disk(places.current.parent)


def _discard(directory: Path, places: Places) -> None:
    """Renamed first: half a directory must never be taken for a model."""
    if directory.exists():
        directory.rename(places.refuse)
        shutil.rmtree(places.refuse)


def _stage(candidate: Path, places: Places) -> None:
    """A whole copy on the disk, marked before the first byte of it."""
    places.refuse.mkdir()
    (places.refuse / MARK).touch()
    places.refuse.rename(places.next)
    for name in FILES:
        shutil.copyfile(candidate / name, places.next / name)
        _to_disk(places.next / name)
    _to_disk(places.next)


def _exchange(one: Path, other: Path) -> None:
    """Both names change hands at once, or neither does."""
    if not other.exists():
        one.rename(other)
    else:
        _swap(one, other)
    _to_disk(other.parent)


def _swap(one: Path, other: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise ConfigError("models are exchanged on Linux only: copy the files by hand")
    if libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        reason = os.strerror(ctypes.get_errno())
        raise ConfigError(
            f"{other}: this file system cannot exchange two directories at once ({reason}): "
            "keep the model on a local disk, not in an image's layer, and name it with --into"
        )


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
