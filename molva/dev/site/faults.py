"""What can be wrong with a local site: a TOML file, read strictly, and the plan made of it."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mentions.errors import ConfigError
from molva.dev.site.post import Version


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Fault(_Section):
    """Which requests a fault meets: ``skip`` that match pass first, the next ``times`` do not."""

    path: str = Field(pattern="^/")  # a shell pattern
    query: dict[str, str] = {}
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)

    def meets(self, path: str, query: dict[str, list[str]]) -> bool:
        wanted = all(query.get(name) == [value] for name, value in self.query.items())
        return wanted and fnmatchcase(path, self.path)


class Captcha(_Fault):
    """A page that asks whether the reader is a robot, with HTTP 200."""

    do: Literal["captcha"]
    style: Literal["image", "checkbox", "interstitial"] = "checkbox"


class Cut(_Fault):
    """The answer breaks off after the share ``at`` of its body, and so does the connection."""

    do: Literal["cut"]
    at: float = Field(default=0.5, gt=0, lt=1)
    chunked: bool = False


class Status(_Fault):
    """An error status, with ``Retry-After`` where the site is so kind."""

    do: Literal["status"]
    status: int = Field(ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0)


class Slow(_Fault):
    """The honest answer, late."""

    do: Literal["slow"]
    seconds: float = Field(gt=0, le=600)


class RedirectLoop(_Fault):
    """The address leads to itself without end."""

    do: Literal["redirect_loop"]


class Malformed(_Fault):
    """JSON, XML or JSON-LD that does not parse, in an answer that is otherwise whole."""

    do: Literal["malformed"]


class Empty(_Fault):
    """HTTP 200 and nothing."""

    do: Literal["empty"]


Fault = Captcha | Cut | Status | Slow | RedirectLoop | Malformed | Empty


class LaterText(_Section):
    """What an edited post says from some read, or some time, on."""

    text: str = Field(min_length=1)
    title: str | None = None
    html: str | None = None
    after_reads: int = Field(default=0, ge=0)
    after_seconds: float = Field(default=0, ge=0)

    def version(self) -> Version:
        return Version(**self.model_dump())


class Behaviour(_Section):
    """How one post differs from its line in the post file."""

    html: str | None = None
    date: str | None = None
    about: str | None = None
    twice: bool = False
    versions: tuple[LaterText, ...] = ()
    appears_after: int = Field(default=0, ge=0)
    gone_after_reads: int | None = Field(default=None, ge=0)


class Faults(_Section):
    """A whole faults file; ``robots`` replaces the site's own robots.txt."""

    robots: str | None = None
    answers: tuple[Annotated[Fault, Field(discriminator="do")], ...] = ()
    posts: dict[str, Behaviour] = {}


def load_faults(path: Path) -> Faults:
    """Every mistake of the file in one error."""
    try:
        return Faults.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"cannot read the faults file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        cure = "see docs/local-sites.md for what a faults file may say"
        raise ConfigError(f"{path}: {'; '.join(lines)} ({cure})") from error


class FaultPlan:
    """Counts requests, and says which fault meets this one."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._met = [0] * len(faults)
        self._lock = Lock()

    def next_for(self, path: str, query: dict[str, list[str]]) -> Fault | None:
        """The first fault whose turn it is; those behind it do not count this request."""
        with self._lock:
            for at, fault in enumerate(self._faults):
                if not fault.meets(path, query):
                    continue
                self._met[at] += 1
                turn = self._met[at] - fault.skip
                if turn >= 1 and (fault.times is None or turn <= fault.times):
                    return fault
        return None
