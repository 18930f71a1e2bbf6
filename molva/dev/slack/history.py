"""Reading a channel or a thread: time range, pages, cursors.

History comes newest first and holds no replies (except those sent to the channel too); a thread
comes oldest first, with its first message on top of every page, whatever the range.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from molva.dev.slack.args import Args, Refusal, Ts, flag, limit_arg, ts_arg
from molva.dev.slack.state import Channel, Message
from molva.dev.slack.views import message_view


@dataclass(frozen=True, slots=True)
class Lens:
    """How faults distort what a reader sees."""

    stored_before: float | None = None
    metadata: bool = True

    def shows(self, message: Message) -> bool:
        return self.stored_before is None or message.stored_at <= self.stored_before


def ts_key(ts: str) -> Ts:
    """A timestamp in a form that compares."""
    seconds, _, count = ts.partition(".")
    return int(seconds), int(count)


def history(channel: Channel, args: Args, page: int, lens: Lens) -> dict[str, Any]:
    """One page of ``conversations.history``."""
    within = _range(args)
    shown = [
        message
        for message in reversed(channel.messages.values())
        if (not message.thread_ts or message.broadcast)
        and within(ts_key(message.ts))
        and lens.shows(message)
    ]
    start = _cursor(args)
    if start:
        shown = [message for message in shown if ts_key(message.ts) <= start]
    taken, rest = _cut(shown, limit_arg(args, 100, page))
    return _page(channel, taken, rest, _wants_metadata(args, lens)) | {"pin_count": 0}


def replies(channel: Channel, args: Args, page: int, lens: Lens) -> dict[str, Any]:
    """One page of ``conversations.replies``."""
    root = channel.at(ts_arg(args, "ts", "thread_not_found"))
    if root is None or not lens.shows(root):
        raise Refusal("thread_not_found")
    within = _range(args)
    start = _cursor(args) or (0, 0)
    answers = [
        message
        for message in channel.replies(root.ts)
        if within(ts_key(message.ts)) and ts_key(message.ts) >= start and lens.shows(message)
    ]
    taken, rest = _cut(answers, limit_arg(args, page, page))
    return _page(channel, [root, *taken], rest, _wants_metadata(args, lens))


def _range(args: Args) -> Callable[[Ts], bool]:
    oldest = ts_arg(args, "oldest", "invalid_ts_oldest")
    latest = ts_arg(args, "latest", "invalid_ts_latest")
    inclusive = flag(args, "inclusive")

    def within(ts: Ts) -> bool:
        if ts in (oldest, latest):
            return inclusive
        return (oldest is None or ts > oldest) and (latest is None or ts < latest)

    return within


def _wants_metadata(args: Args, lens: Lens) -> bool:
    return lens.metadata and flag(args, "include_all_metadata")


def _cut(messages: Sequence[Message], limit: int) -> tuple[Sequence[Message], Sequence[Message]]:
    return messages[:limit], messages[limit:]


def _page(
    channel: Channel, taken: Sequence[Message], rest: Sequence[Message], metadata: bool
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "ok": True,
        "messages": [message_view(channel, message, metadata=metadata) for message in taken],
        "has_more": bool(rest),
    }
    if rest:
        answer["response_metadata"] = {"next_cursor": _encode(rest[0].ts)}
    return answer


def _encode(ts: str) -> str:
    return b64encode(f"next_ts:{ts}".encode()).decode()


def _cursor(args: Args) -> Ts | None:
    cursor = args.get("cursor")
    if cursor in (None, ""):
        return None
    try:
        kind, _, ts = b64decode(str(cursor), validate=True).decode("ascii").partition(":")
    except ValueError:
        raise Refusal("invalid_cursor") from None
    start = ts_arg({"ts": ts}, "ts", "invalid_cursor")
    if kind != "next_ts" or start is None:
        raise Refusal("invalid_cursor")
    return start
