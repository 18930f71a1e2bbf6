"""Faults that the local Slack plays on request, and how often it played each.

A fault says which calls it is for (method, channel), which of those calls it lets through first
(``nth``) and how many it then hits (``times``). A call is offered to the faults in their order and
taken by the first that wants it, so a list of faults is a script.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from molva.dev.slack.methods import METHOD_NAMES

ERROR_PAGE = "<html><head><title>Server Error</title></head><body>Server Error</body></html>"
READS = ("conversations.history", "conversations.replies")


class Rule(BaseModel):
    """Which calls a fault is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "*"
    channel: str | None = None
    nth: int = Field(default=1, ge=1)
    times: int | Literal["always"] = Field(default=1)

    @model_validator(mode="after")
    def _can_strike(self) -> Rule:
        if self.method not in ("*", *METHOD_NAMES):
            raise ValueError(f"method must be * or one of {', '.join(METHOD_NAMES)}")
        if isinstance(self.times, int) and self.times < 1:
            raise ValueError('times must be at least 1, or "always"')
        return self


class Stored(Rule):
    """A fault that strikes before the call has done its work, or after (``stored``)."""

    stored: bool = False


class Status(Stored):
    """Answer with another HTTP status and body."""

    action: Literal["status"]
    code: int = Field(ge=200, le=599)
    body: str = ERROR_PAGE
    content_type: str = Field(default="text/html; charset=utf-8", pattern=r"^[\x20-\x7e]+$")


class RateLimit(Rule):
    """Answer 429; without ``retry_after`` the header is missing, with words it is malformed."""

    action: Literal["ratelimit"]
    retry_after: str | int | None = None

    @model_validator(mode="after")
    def _fits_a_header(self) -> RateLimit:
        if not str(self.retry_after).isascii() or not str(self.retry_after).isprintable():
            raise ValueError("retry_after must fit into a header: printable ASCII")
        return self


class Error(Stored):
    """Answer ``ok: false`` with this error name."""

    action: Literal["error"]
    error: str = Field(pattern=r"^[a-z_]+$")


class Hang(Stored):
    """Be silent for so long; then answer if the work was done, else close the connection."""

    action: Literal["hang"]
    seconds: float = Field(ge=0, le=86_400)


class Reset(Stored):
    """Break the connection without an answer: ``reset`` by RST, ``close`` in good order."""

    action: Literal["reset", "close"]


class Truncate(Stored):
    """Send the first half of the answer, then close."""

    action: Literal["truncate"]
    stored: bool = True


class Refuse(Rule):
    """Break off this call, and refuse every connection for so long.

    ``at_once`` begins the outage when the fault is set, without waiting for a call.
    """

    action: Literal["refuse"]
    seconds: float = Field(gt=0, le=86_400)
    at_once: bool = False


class Lose(Rule):
    """Answer a post as if all were well, and show the message to nobody."""

    action: Literal["lose"]
    method: Literal["chat.postMessage"] = "chat.postMessage"


class Lag(Rule):
    """Leave out of a history what is younger than so many seconds."""

    action: Literal["lag"]
    method: Literal["conversations.history", "conversations.replies", "*"] = "*"
    seconds: float = Field(gt=0, le=86_400)


class NoMetadata(Rule):
    """Leave the metadata out of a history, though it was asked for."""

    action: Literal["no_metadata"]
    method: Literal["conversations.history", "conversations.replies", "*"] = "*"


Fault = Annotated[
    Status | RateLimit | Error | Hang | Reset | Truncate | Refuse | Lose | Lag | NoMetadata,
    Field(discriminator="action"),
]
FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])


class _Played:
    """One fault and its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.applied = 0

    def takes(self) -> bool:
        """Whether the fault is due at this call, which fits it; counts both."""
        self.seen += 1
        left = self.fault.times == "always" or self.applied < self.fault.times
        due = self.seen >= self.fault.nth and left
        self.applied += due
        return due


class Faults:
    """The script as it stands."""

    def __init__(self, faults: list[Fault]) -> None:
        self._lock = threading.Lock()
        self._played = [_Played(fault) for fault in faults]

    def add(self, faults: list[Fault]) -> None:
        """More faults, after those there are."""
        with self._lock:
            self._played += [_Played(fault) for fault in faults]

    def clear(self) -> None:
        """No faults from now on; their counts go too."""
        with self._lock:
            self._played.clear()

    def take(self, method: str, channel_names: set[str]) -> Fault | None:
        """The fault for this call, if one is due."""
        with self._lock:
            for played in self._played:
                if _fits(played.fault, method, channel_names) and played.takes():
                    return played.fault
            return None

    def begin_outage(self) -> float:
        """How long to refuse connections from now on, for faults that begin at once."""
        with self._lock:
            new = [one for one in self._played if _at_once(one.fault) and not one.applied]
            for played in new:
                played.applied = 1
            return max(
                (one.fault.seconds for one in new if isinstance(one.fault, Refuse)), default=0
            )

    def report(self) -> dict[str, Any]:
        """Each fault as it was given, how many calls it saw and how many it hit."""
        with self._lock:
            faults = [
                {
                    **played.fault.model_dump(mode="json"),
                    "seen": played.seen,
                    "applied": played.applied,
                }
                for played in self._played
            ]
        return {"faults": faults, "applied": sum(fault["applied"] for fault in faults)}


def _fits(fault: Fault, method: str, channel_names: set[str]) -> bool:
    if _at_once(fault) or (isinstance(fault, Lag | NoMetadata) and method not in READS):
        return False
    if fault.method not in ("*", method):
        return False
    return fault.channel is None or fault.channel in channel_names


def _at_once(fault: Fault) -> bool:
    return isinstance(fault, Refuse) and fault.at_once
