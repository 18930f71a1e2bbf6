"""What the local Slack knows: channels, the messages in them, and who posted each.

All of it is behind one lock, and every change goes to the journal before it shows.
"""

from __future__ import annotations

import re
import threading
from base64 import b32encode
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from mentions.errors import ConfigError
from molva.dev.slack.journal import Journal

CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{8,12}")
# Lower case, no blanks, up to 80 characters; letters of any alphabet.
CHANNEL_FIELDS = ("id", "name", "is_archived", "is_member")
CHANNEL_NAME = re.compile(r"[\w-]{1,80}")


@dataclass(frozen=True, slots=True)
class Bot:
    """The app behind a token. Two tokens are two apps; neither may edit the other's messages."""

    bot_id: str
    user_id: str
    app_id: str
    name: str = "Molva"

    @classmethod
    def of(cls, token: str) -> Bot:
        """Always the same app for the same token; the token itself is kept nowhere."""
        mark = _mark("token", token)
        return cls(bot_id=f"B{mark}", user_id=f"U{mark}", app_id=f"A{mark}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as posted, and what became of it."""

    ts: str
    stored_at: float
    bot: Bot
    text: str = ""
    blocks: list[dict[str, Any]] | None = None
    attachments: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    edited_ts: str | None = None
    username: str | None = None
    link_names: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Channel:
    """One channel and its messages, oldest first."""

    id: str
    name: str
    is_archived: bool = False
    is_member: bool = True
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    last_ts: tuple[int, int] = (0, 0)

    def at(self, ts: tuple[int, int] | None) -> Message | None:
        """The message with this timestamp, deleted roots of threads included."""
        return self.messages.get(f"{ts[0]}.{ts[1]:06d}") if ts else None

    def replies(self, root_ts: str) -> list[Message]:
        """The answers in one thread that still exist, oldest first."""
        return [self.messages[ts] for ts in self.threads.get(root_ts, ()) if ts in self.messages]

    def keep(self, message: Message) -> None:
        """Add a message, or put a newer state in its place."""
        if message.ts not in self.messages and message.thread_ts:
            self.threads.setdefault(message.thread_ts, []).append(message.ts)
        self.messages[message.ts] = message
        seconds, _, count = message.ts.partition(".")
        self.last_ts = max(self.last_ts, (int(seconds), int(count)))


class Workspace:
    """Channels by name and id. ``auto`` creates a channel at the first message to it."""

    def __init__(
        self,
        channels: Iterable[str] = (),
        *,
        auto: bool = True,
        data: Path | None = None,
        clock: Callable[[], float],
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._auto = auto
        self._channels: dict[str, Channel] = {}
        self._journal = Journal(data) if data else None
        if self._journal:
            self._read(self._journal)
        for name in channels:
            self.create(name)

    def close(self) -> None:
        """Let the journal go."""
        with self.lock:
            if self._journal:
                self._journal.close()

    def channels(self) -> list[Channel]:
        """All channels by name."""
        with self.lock:
            return sorted(self._channels.values(), key=lambda channel: channel.name)

    def by_id(self, channel_id: str) -> Channel | None:
        with self.lock:
            return self._channels.get(channel_id)

    def find(self, reference: str) -> Channel | None:
        """The channel called ``#name``, ``name`` or by its id, if there is one."""
        name = reference.removeprefix("#")
        with self.lock:
            named = (one for one in self._channels.values() if one.name == name)
            return self._channels.get(reference) or next(named, None)

    def find_or_create(self, reference: str) -> Channel | None:
        """As ``find``; a channel that is missing is created if the server was started so."""
        with self.lock:
            found = self.find(reference)
            return found if found or not self._auto else self.create(reference)

    def create(self, reference: str) -> Channel | None:
        """A new channel, or the one there is; None if Slack allows no such name."""
        name = reference.removeprefix("#")
        is_id = bool(CHANNEL_ID.fullmatch(name))
        if not is_id and (not CHANNEL_NAME.fullmatch(name) or name != name.lower()):
            return None
        with self.lock:
            if found := self.find(name.lower()):
                return found
            channel_id = name if is_id else f"C{_mark('channel', name)}"
            # A channel that was renamed keeps its id, and its old name is free for another.
            while channel_id in self._channels:
                channel_id = f"C{_mark('channel', channel_id)}"
            channel = Channel(channel_id, name.lower())
            self._record(_channel_entry(channel))
            self._channels[channel_id] = channel
            return channel

    def change_channel(self, channel: Channel, **changes: Any) -> None:
        """Archive, leave or rename a channel, as somebody in the workspace might."""
        with self.lock:
            self._record(_channel_entry(replace(channel, **changes)))
            for key, value in changes.items():
                setattr(channel, key, value)

    def next_ts(self, channel: Channel) -> str:
        """A timestamp later than any in the channel, whatever the clock does."""
        with self.lock:
            seconds, count = max((int(self.clock()), 0), channel.last_ts)
            seconds, count = (seconds, count + 100) if count < 999_900 else (seconds + 1, 100)
            channel.last_ts = (seconds, count)
            return f"{seconds}.{count:06d}"

    def keep(self, channel: Channel, message: Message) -> None:
        """Store a new message, or the new state of an old one."""
        with self.lock:
            self._record({"op": "message", "channel": channel.id, "message": asdict(message)})
            channel.keep(message)

    def drop(self, channel: Channel, ts: str) -> None:
        """Forget a message."""
        with self.lock:
            self._record({"op": "drop", "channel": channel.id, "ts": ts})
            channel.messages.pop(ts, None)

    def _record(self, entry: dict[str, Any]) -> None:
        if self._journal:
            self._journal.append(entry)

    def _read(self, journal: Journal) -> None:
        try:
            for entry in journal.entries():
                self._replay(entry)
        except ConfigError:
            journal.close()
            raise

    def _replay(self, entry: dict[str, Any]) -> None:
        try:
            if entry["op"] == "channel":
                known = self._channels.setdefault(entry["id"], Channel(entry["id"], entry["name"]))
                for key in CHANNEL_FIELDS:
                    setattr(known, key, entry[key])
            elif entry["op"] == "message":
                fields = entry["message"]
                message = Message(**{**fields, "bot": Bot(**fields["bot"])})
                self._channels[entry["channel"]].keep(message)
            else:
                self._channels[entry["channel"]].messages.pop(entry["ts"], None)
        except (LookupError, TypeError, ValueError) as error:
            raise ConfigError(
                f"the data file does not fit this version of the local Slack ({error}). "
                "Choose another --data file."
            ) from error


def _channel_entry(channel: Channel) -> dict[str, Any]:
    return {"op": "channel", **{key: getattr(channel, key) for key in CHANNEL_FIELDS}}


def _mark(kind: str, value: str) -> str:
    """Ten characters that look like the rest of a Slack id."""
    return b32encode(sha256(f"{kind}:{value}".encode()).digest())[:10].decode()
