"""The methods of Slack's Web API that Molva uses, over the local workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from molva.dev.slack.args import Args, Refusal, flag, limit_arg, text_arg, ts_arg
from molva.dev.slack.content import read_content
from molva.dev.slack.history import Lens, history, replies
from molva.dev.slack.state import CHANNEL_ID, Bot, Channel, Message, Workspace
from molva.dev.slack.views import TEAM, TEAM_ID, channel_view, message_view

Answer = dict[str, Any]

METHOD_NAMES = (
    "auth.test",
    "chat.postMessage",
    "chat.update",
    "chat.delete",
    "chat.getPermalink",
    "conversations.history",
    "conversations.replies",
    "conversations.info",
    "conversations.list",
)


class WebApi:
    """Answers one call at a time; what Slack would refuse is a ``Refusal``."""

    def __init__(self, workspace: Workspace, *, team_url: str, page: int) -> None:
        self._workspace = workspace
        self._team_url = team_url
        self._page = page
        methods: tuple[Callable[[Args, Bot, Lens], Answer], ...] = (
            self._auth_test,
            self._post,
            self._update,
            self._delete,
            self._permalink,
            self._history,
            self._replies,
            self._info,
            self._list,
        )
        self._methods = dict(zip(METHOD_NAMES, methods, strict=True))

    def knows(self, method: str) -> bool:
        """Whether the method exists here."""
        return method in self._methods

    def call(self, method: str, args: Args, bot: Bot, lens: Lens) -> Answer:
        """Do what the method does, and say what Slack would say."""
        with self._workspace.lock:
            return self._methods[method](args, bot, lens)

    def _auth_test(self, _args: Args, bot: Bot, _lens: Lens) -> Answer:
        return {
            "ok": True,
            "url": self._team_url,
            "team": TEAM,
            "user": bot.name.lower(),
            "team_id": TEAM_ID,
            "user_id": bot.user_id,
            "bot_id": bot.bot_id,
            "is_enterprise_install": False,
        }

    def _post(self, args: Args, bot: Bot, _lens: Lens) -> Answer:
        reference = text_arg(args, "channel") or ""
        channel = self._writable(self._workspace.find_or_create(reference))
        content = read_content(args)
        root = self._thread_root(channel, args)
        message = Message(
            ts=self._workspace.next_ts(channel),
            stored_at=self._workspace.clock(),
            bot=bot,
            thread_ts=root.ts if root else None,
            broadcast=bool(root) and flag(args, "reply_broadcast"),
            username=text_arg(args, "username"),
            link_names=_links_names(args),
            **content,
        )
        self._workspace.keep(channel, message)
        view = message_view(channel, message, metadata=True)
        return {"ok": True, "channel": channel.id, "ts": message.ts, "message": view}

    def _update(self, args: Args, bot: Bot, _lens: Lens) -> Answer:
        channel, message = self._own(args, bot, "cant_update_message")
        content = read_content(args, update=True)
        edited = f"{int(self._workspace.clock())}.000000"
        changed = replace(message, **content, edited_ts=edited, link_names=_links_names(args))
        if not (changed.text or changed.blocks or changed.attachments):
            raise Refusal("no_text")
        self._workspace.keep(channel, changed)
        view = message_view(channel, changed, metadata=True)
        return {
            "ok": True,
            "channel": channel.id,
            "ts": message.ts,
            "text": changed.text,
            "message": view,
        }

    def _delete(self, args: Args, bot: Bot, _lens: Lens) -> Answer:
        channel, message = self._own(args, bot, "cant_delete_message")
        if channel.replies(message.ts):
            gone = Message(message.ts, message.stored_at, message.bot, deleted=True)
            self._workspace.keep(channel, gone)
        else:
            self._workspace.drop(channel, message.ts)
        return {"ok": True, "channel": channel.id, "ts": message.ts}

    def _permalink(self, args: Args, _bot: Bot, _lens: Lens) -> Answer:
        channel = self._channel(args)
        message = self._message(channel, args, "message_ts")
        link = f"{self._team_url}archives/{channel.id}/p{message.ts.replace('.', '')}"
        return {"ok": True, "channel": channel.id, "permalink": link}

    def _history(self, args: Args, _bot: Bot, lens: Lens) -> Answer:
        return history(self._readable(args), args, self._page, lens)

    def _replies(self, args: Args, _bot: Bot, lens: Lens) -> Answer:
        return replies(self._readable(args), args, self._page, lens)

    def _info(self, args: Args, _bot: Bot, _lens: Lens) -> Answer:
        return {"ok": True, "channel": channel_view(self._channel(args))}

    def _list(self, args: Args, _bot: Bot, _lens: Lens) -> Answer:
        channels = [
            channel
            for channel in sorted(self._workspace.channels(), key=lambda one: one.id)
            if not (channel.is_archived and flag(args, "exclude_archived"))
        ]
        cursor = text_arg(args, "cursor") or ""
        if cursor and not CHANNEL_ID.fullmatch(cursor):
            raise Refusal("invalid_cursor")
        channels = [channel for channel in channels if channel.id >= cursor]
        limit = limit_arg(args, 100, 1000)
        after = channels[limit].id if len(channels) > limit else ""
        shown = [channel_view(channel) for channel in channels[:limit]]
        return {"ok": True, "channels": shown, "response_metadata": {"next_cursor": after}}

    def _channel(self, args: Args) -> Channel:
        """The channel by its id: as with Slack, only a post may name it ``#name``."""
        reference = text_arg(args, "channel") or ""
        channel = self._workspace.by_id(reference)
        if channel is None:
            hint = "[hint] only chat.postMessage takes a channel's name; give its id (C...)"
            raise Refusal("channel_not_found", *([hint] if reference.startswith("#") else []))
        return channel

    def _readable(self, args: Args) -> Channel:
        channel = self._channel(args)
        if not channel.is_member:
            raise Refusal("not_in_channel")
        return channel

    def _writable(self, channel: Channel | None) -> Channel:
        if channel is None:
            raise Refusal("channel_not_found")
        if channel.is_archived:
            raise Refusal("is_archived")
        if not channel.is_member:
            raise Refusal("not_in_channel")
        return channel

    def _message(self, channel: Channel, args: Args, name: str) -> Message:
        message = channel.at(ts_arg(args, name, "message_not_found"))
        if message is None or message.deleted:
            raise Refusal("message_not_found")
        return message

    def _own(self, args: Args, bot: Bot, otherwise: str) -> tuple[Channel, Message]:
        channel = self._writable(self._channel(args))
        message = self._message(channel, args, "ts")
        if message.bot.app_id != bot.app_id:
            raise Refusal(otherwise)
        return channel, message

    def _thread_root(self, channel: Channel, args: Args) -> Message | None:
        if not args.get("thread_ts"):
            return None
        message = channel.at(ts_arg(args, "thread_ts", "thread_not_found"))
        if message is None:
            raise Refusal("thread_not_found")
        # An answer to an answer joins the same thread.
        return channel.messages.get(message.thread_ts or message.ts, message)


def _links_names(args: Args) -> bool:
    return flag(args, "link_names") or args.get("parse") == "full"
