"""Messages and channels in the shape in which Slack's Web API returns them."""

from __future__ import annotations

from typing import Any

from molva.dev.slack.state import Channel, Message, Workspace

TEAM_ID = "T0MOLVADEV"
TEAM = "Molva dev"


def message_view(channel: Channel, message: Message, *, metadata: bool) -> dict[str, Any]:
    """One message; its metadata only where the caller asked for it."""
    if message.deleted:
        view = {
            "type": "message",
            "subtype": "tombstone",
            "text": "This message was deleted.",
            "user": "USLACKBOT",
            "hidden": True,
            "ts": message.ts,
        }
    else:
        view = _living(message)
        if metadata and message.metadata:
            view["metadata"] = message.metadata
    return view | _thread_fields(channel, message)


def _living(message: Message) -> dict[str, Any]:
    bot = message.bot
    view: dict[str, Any] = {
        "type": "message",
        "user": bot.user_id,
        "bot_id": bot.bot_id,
        "app_id": bot.app_id,
        "team": TEAM_ID,
        "text": message.text,
        "ts": message.ts,
        "bot_profile": {
            "id": bot.bot_id,
            "app_id": bot.app_id,
            "user_id": bot.user_id,
            "name": bot.name,
            "team_id": TEAM_ID,
            "deleted": False,
        },
    }
    optional = {
        "blocks": message.blocks,
        "attachments": message.attachments,
        "username": message.username,
        "subtype": "thread_broadcast" if message.broadcast else None,
        "edited": {"user": bot.user_id, "ts": message.edited_ts} if message.edited_ts else None,
    }
    return view | {key: value for key, value in optional.items() if value}


def _thread_fields(channel: Channel, message: Message) -> dict[str, Any]:
    if message.thread_ts:
        root = channel.messages.get(message.thread_ts)
        parent = {"parent_user_id": root.bot.user_id} if root else {}
        return {"thread_ts": message.thread_ts, **parent}
    replies = channel.replies(message.ts)
    if not replies:
        return {}
    users = sorted({reply.bot.user_id for reply in replies})
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users,
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def channel_view(channel: Channel) -> dict[str, Any]:
    """One channel, with the fields that a bot looks at."""
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_general": False,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
        "context_team_id": TEAM_ID,
    }


def channel_messages(channel: Channel) -> list[dict[str, Any]]:
    """All messages of a channel, answers too, oldest first, with their metadata."""
    return [message_view(channel, one, metadata=True) for one in channel.messages.values()]


def dump(workspace: Workspace) -> dict[str, Any]:
    """Everything that is in the workspace, for tests and for the curious."""
    with workspace.lock:
        channels = [
            channel_view(channel) | {"messages": channel_messages(channel)}
            for channel in workspace.channels()
        ]
    return {"channels": channels}
