"""A local stand-in for Slack's Web API, for the demo, for developing, and for tests with faults.

``with SlackServer(faults=[{"action": "reset", "stored": True}]) as slack`` gives a server whose
``slack.api_url`` a real client takes as its base address, and whose ``slack.messages("#alerts")``
says what a channel shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from mentions.errors import ConfigError
from molva.dev.slack.calls import Calls, Reply
from molva.dev.slack.fault_file import parse_faults
from molva.dev.slack.faults import Fault, Faults
from molva.dev.slack.http import LOOPBACK, Request
from molva.dev.slack.listener import Listener
from molva.dev.slack.methods import WebApi
from molva.dev.slack.pace import UNLIMITED, Pace, PaceKeeper
from molva.dev.slack.pings import pings
from molva.dev.slack.routes import Routes
from molva.dev.slack.state import Workspace
from molva.dev.slack.views import channel_messages, dump


class SlackServer:
    """The server in this process; nothing is served before ``start`` (or ``with``).

    ``faults`` are as in a fault file. ``pace`` None takes calls as fast as they come. ``channels``
    None creates channels as they are posted to; with a list, all others are unknown. ``data`` is
    a file that keeps the messages over a restart. ``clock`` lets a test move the time.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        faults: Sequence[Fault | dict[str, Any]] = (),
        pace: Pace | None = None,
        channels: Iterable[str] | None = None,
        data: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        keeper = PaceKeeper(pace or UNLIMITED, clock)
        self._faults = Faults(parse_faults(list(faults), where="faults"))
        self.workspace = Workspace(channels or (), auto=channels is None, data=data, clock=clock)
        try:
            self._listener = Listener(port, self._answer)
        except ConfigError:
            self.workspace.close()
            raise
        self.port = self._listener.port
        api = WebApi(self.workspace, team_url=f"{self.url}/", page=keeper.pace.page)
        self._calls = Calls(self.workspace, api, self._faults, keeper, self.refuse)
        self._routes = Routes(self.workspace, self._calls, self._faults, self._begin_outage)

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def api_url(self) -> str:
        """What a Slack client takes as its base address."""
        return f"{self.url}/api/"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Take connections, unless a fault begins with an outage."""
        if not self._begin_outage():
            self._listener.accept()

    def close(self) -> None:
        """End at once: calls that wait in faults are cut off, port and file are let go."""
        self._listener.close()
        self.workspace.close()

    def refuse(self, seconds: float | None = None) -> None:
        """Refuse connections for so long, or until ``accept``."""
        self._listener.refuse(seconds)

    def accept(self) -> None:
        """Take connections again."""
        self._listener.accept()

    def add_faults(self, *faults: Fault | dict[str, Any]) -> None:
        """Play these faults too, after those there are; each as in a fault file."""
        self._faults.add(parse_faults(list(faults), where="faults"))
        self._begin_outage()

    def clear_faults(self) -> None:
        """No faults from now on."""
        self._faults.clear()

    def fault_report(self) -> dict[str, Any]:
        """Each fault, how many calls it saw and how many it hit; as GET /faults."""
        return self._faults.report()

    def calls(self) -> dict[str, int]:
        """``method outcome`` and how often: the outcome is ok, an error's name or a fault's."""
        return self._calls.counts()

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """All that a channel (``#name`` or id) shows, answers too, oldest first, with metadata."""
        with self.workspace.lock:
            found = self.workspace.find(channel)
            return channel_messages(found) if found else []

    def dump(self) -> dict[str, Any]:
        """All channels with their messages; as GET /api/dump, without the calls."""
        return dump(self.workspace)

    def pings(self) -> list[str]:
        """Whom the messages page: empty, unless somebody's text got through as a mention."""
        with self.workspace.lock:
            channels = self.workspace.channels()
            return [
                ping
                for channel in channels
                for message in channel.messages.values()
                for ping in pings(message)
            ]

    def _answer(self, request: Request) -> Reply:
        return self._routes.answer(request)

    def _begin_outage(self) -> bool:
        seconds = self._faults.begin_outage()
        if seconds:
            self.refuse(seconds)
        return bool(seconds)
