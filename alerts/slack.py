"""Slack, through its official client; the only module that knows either.

The client's own retries are off: they would post again after an outcome that nobody knows.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.messenger import Look, NotSeen, Outcome, Sent, Sighting, Unknown
from alerts.render import BLOCK_ID, EVENT_TYPE, Message
from alerts.slack_errors import NO_ANSWER, Failure, Proof, failed_call, refused_call
from mentions.errors import ConfigError, UnhealthyError
from mentions.settings import Settings

TIMEOUT = 10  # seconds, for each read from and write to the connection
PAGE = 999  # https://docs.slack.dev/reference/methods/conversations.history: the most per page
CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

log = structlog.get_logger()
Answer = Mapping[str, Any]


class SlackMessenger:
    """One workspace, as one app."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._bot_id: str | None = None
        self._channel_ids: dict[str, str] = {}

    @classmethod
    def of(cls, settings: Settings) -> SlackMessenger:
        """From ``MOLVA_SLACK_TOKEN``, and ``MOLVA_SLACK_API_URL`` where it is not Slack's own."""
        if settings.slack_token is None:
            raise ConfigError(
                "MOLVA_SLACK_TOKEN is not set: it is the bot token (xoxb-...) of your Slack app; "
                "to try Molva without one, run `make demo` or `molva dev slack`"
            )
        return cls(connect(settings.slack_token.get_secret_value(), settings.slack_api_url))

    def check(self, *, now: bool = False) -> None:
        """Raise when the credentials are refused; with ``now`` also when Slack does not answer."""
        answer = self._ask("auth.test")
        if not isinstance(answer, Failure):
            self._bot_id = str(answer.get("bot_id") or "") or None
        elif answer.proof is Proof.NOTHING or answer.proof is Proof.NOT_DONE:
            if now:
                raise UnhealthyError(
                    f"Slack does not answer ({answer.reason}): alerts wait in the outbox"
                )
            log.warning("slack does not answer yet", reason=answer.reason)
        else:
            answer.outcome()  # raises with the cure

    def post(self, channel: str, message: Message, attempt: str) -> Outcome:
        once = {"unfurl_links": False, "unfurl_media": False, "mrkdwn": False}
        content = {"channel": channel, **once, **_content(message, attempt)}
        outcome = _outcome(self._tell("chat.postMessage", content))
        if isinstance(outcome, Sent):
            self._channel_ids[channel] = outcome.channel_id
        return outcome

    def update(self, channel_id: str, ts: str, message: Message, attempt: str) -> Outcome:
        content = {"channel": channel_id, "ts": ts, **_content(message, attempt)}
        return _outcome(self._tell("chat.update", content))

    def look(self, channel: str, since: datetime) -> Look | NotSeen:
        """Read the channel back to ``since``, all pages; a page that fails fails the look."""
        channel_id = self._channel_id(channel)
        if isinstance(channel_id, Failure):
            return NotSeen(channel_id.reason, channel_id.retry_after)
        if channel_id is None:
            return Look(())  # all channels that we may post to are listed, and it is not there
        if self._bot_id is None:
            self.check()
        if self._bot_id is None:
            return NotSeen("which messages are ours is not known yet")
        oldest = f"{since.timestamp():.6f}"
        asked = {"channel": channel_id, "oldest": oldest, "include_all_metadata": True}
        messages = self._pages("conversations.history", "messages", asked)
        if isinstance(messages, Failure):
            return NotSeen(messages.reason, messages.retry_after)
        own = (m for m in reversed(messages) if m.get("bot_id") == self._bot_id)
        seen = (sighting_of(message, channel_id) for message in own)
        return Look(tuple(sighting for sighting in seen if sighting is not None))

    def _channel_id(self, channel: str) -> str | Failure | None:
        """History, unlike a post, wants the channel's id; ``None`` if there is no such channel."""
        if CHANNEL_ID.fullmatch(channel):
            return channel
        if channel not in self._channel_ids:
            asked = {"types": "public_channel,private_channel"}
            known = self._pages("conversations.list", "channels", asked)
            if isinstance(known, Failure):
                return known
            self._channel_ids |= {f"#{one['name']}": str(one["id"]) for one in known}
        return self._channel_ids.get(channel)

    def _pages(self, method: str, items: str, asked: Answer) -> list[Answer] | Failure:
        found: list[Answer] = []
        cursor: str | None = None
        while True:
            answer = self._ask(method, {**asked, "limit": PAGE, "cursor": cursor})
            if isinstance(answer, Failure):
                return answer
            found += answer.get(items) or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return found

    def _ask(self, method: str, params: Answer | None = None) -> Answer | Failure:
        """Reading methods take a form, not JSON."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        return self._call(lambda: self._client.api_call(method, params=given))

    def _tell(self, method: str, content: Answer) -> Answer | Failure:
        return self._call(lambda: self._client.api_call(method, json=dict(content)))

    def _call(self, send: Callable[[], SlackResponse]) -> Answer | Failure:
        """Slack's answer, or what is known of the failure."""
        try:
            answer = send().data
        except SlackApiError as error:
            return refused_call(error.response)
        except NO_ANSWER as error:
            return failed_call(error)
        return answer if isinstance(answer, dict) else Failure("bytes", Proof.NOTHING)


def connect(token: str, api_url: str | None) -> WebClient:
    """A client without retries, and without a log: its log lines quote answers, that is, posts."""
    quiet = logging.getLogger("molva.slack_sdk")
    quiet.setLevel(logging.CRITICAL + 1)
    client = WebClient(
        token=token,
        base_url=api_url or WebClient.BASE_URL,
        timeout=TIMEOUT,
        retry_handlers=[],
        logger=quiet,
    )
    if api_url and urlsplit(api_url).hostname in LOOPBACK:
        client.proxy = None  # a local server is never behind the proxy of the environment
    return client


def _content(message: Message, attempt: str) -> dict[str, Any]:
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "metadata": message.metadata(attempt),
        "parse": "none",
        "link_names": False,
    }


def _outcome(answer: Answer | Failure) -> Outcome:
    if isinstance(answer, Failure):
        return answer.outcome()
    ts, channel_id = answer.get("ts"), answer.get("channel")
    if not ts or not channel_id:
        return Unknown("an answer without a timestamp")
    return Sent(channel_id=str(channel_id), ts=str(ts))


def sighting_of(message: Answer, channel_id: str) -> Sighting | None:
    """Ours if its metadata say so or, should the channel hide those, the id of its first block."""
    named = _named_in_metadata(message.get("metadata") or {}) or _named_in_block(message)
    if named is None:
        return None
    return Sighting(*named, channel_id=channel_id, ts=str(message["ts"]))


def _named_in_metadata(metadata: Answer) -> tuple[str, int] | None:
    payload = metadata.get("event_payload") or {}
    revision = payload.get("revision")
    if metadata.get("event_type") != EVENT_TYPE or not isinstance(revision, int):
        return None
    return str(payload.get("alert_id")), revision


def _named_in_block(message: Answer) -> tuple[str, int] | None:
    first, *_ = message.get("blocks") or [{}]
    named = BLOCK_ID.fullmatch(str(first.get("block_id")))
    return (named["alert_id"], int(named["revision"])) if named else None
