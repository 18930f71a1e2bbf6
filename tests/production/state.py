"""What became of every post, and how that differs from what should have become of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """What must be the same however it came about."""

    mentions: dict[str, tuple[str, str]]  # id: hash of the text, action
    alerts: dict[str, str]  # id: state of delivery
    messages: dict[str, int]  # id of the alert: messages in the chat

    def differences(self, other: State) -> list[str]:
        """What was lost, doubled or changed against another state, one line each."""
        ours, theirs = self.mentions, other.mentions
        found = [
            f"mention {id_}: {ours.get(id_)} / {theirs.get(id_)}"
            for id_ in sorted(ours.keys() | theirs.keys())
            if ours.get(id_) != theirs.get(id_)
        ]
        return found + self.complaints

    @property
    def complaints(self) -> list[str]:
        """What was lost or shown twice."""
        undecided = [id_ for id_, (_, action) in self.mentions.items() if not action]
        wanted = {id_ for id_, (_, action) in self.mentions.items() if action == "alert"}
        unsent = [id_ for id_, state in self.alerts.items() if state != "sent"]
        twice = [id_ for id_, count in self.messages.items() if count != 1]
        lost = wanted - self.messages.keys()
        named = {"undecided": undecided, "unsent": unsent, "twice": twice, "lost": sorted(lost)}
        return [f"{name}: {ids}" for name, ids in named.items() if ids]
