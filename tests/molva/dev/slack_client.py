"""Slack's own client, pointed at the local server, as Molva uses it: without its own retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from molva.dev.slack.server import SlackServer

CHANNEL = "#alerts"


class Clock:
    """A time that moves when a test says so."""

    def __init__(self, now: float = 1_795_340_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def client(server: SlackServer, token: str = "xoxb-test", timeout: int = 5) -> WebClient:
    """A client for this server."""
    return WebClient(token, base_url=server.api_url, retry_handlers=[], timeout=timeout)


def refusal(call: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
    """The answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    response = caught.value.response
    assert isinstance(response, SlackResponse)
    return response


def error_of(call: Callable[..., SlackResponse], **arguments: Any) -> str:
    """The name of the error with which Slack refuses a call."""
    return str(refusal(call, **arguments)["error"])


def texts(server: SlackServer, channel: str = CHANNEL) -> list[str]:
    """What a channel says, oldest first."""
    return [str(message["text"]) for message in server.messages(channel)]


def pages_of(first: SlackResponse) -> list[dict[str, Any]]:
    """All pages of an answer; the client keeps only the newest in its response."""
    return [page.data for page in first if isinstance(page.data, dict)]
