"""What the outbox needs of a chat, and all that can be known after asking it for something.

A call that fails has one of three meanings, and only the messenger can tell which: the message
certainly is not there, it certainly never will be, or nobody knows. Treating the third as the
first posts twice; treating it as success loses an alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.render import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """The chat has confirmed the message, and says where it is."""

    channel_id: str
    ts: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not there; the same call may work later. ``retry_after`` is the chat's own wish."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not there, and the same call will be refused again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The call may have worked: only the channel itself can tell."""

    reason: str


Outcome = Sent | NotSent | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message of our own that stands in a channel."""

    alert_id: str
    revision: int
    channel_id: str
    ts: str


@dataclass(frozen=True, slots=True)
class Look:
    """Everything of ours in a channel since some moment, oldest first; complete by definition."""

    sightings: tuple[Sighting, ...]

    def of(self, alert_id: str) -> tuple[Sighting, ...]:
        return tuple(seen for seen in self.sightings if seen.alert_id == alert_id)


@dataclass(frozen=True, slots=True)
class NotSeen:
    """The channel could not be read to the end, which proves nothing."""

    reason: str
    retry_after: float | None = None


class Messenger(Protocol):
    """A chat. Each method raises ``ConfigError`` when the chat does not accept us at all."""

    def check(self) -> None:
        """Whether the credentials work; a chat that does not answer is no error here."""

    def post(self, channel: str, message: Message, attempt: str) -> Outcome: ...

    def update(self, channel_id: str, ts: str, message: Message, attempt: str) -> Outcome:
        """Show another revision in place. Doing it twice changes nothing."""

    def look(self, channel: str, since: datetime) -> Look | NotSeen: ...
