"""What the indices are called. All begin with the namespace: a role needs only the prefix."""

from __future__ import annotations

from dataclasses import dataclass

MAPPINGS = ("mentions", "alerts", "alert-events", "state", "runs", "seen", "rejects")


@dataclass(frozen=True, slots=True)
class Names:
    """Concrete index names: reads by id and all writes use these, never the alias."""

    namespace: str

    def index(self, mapping: str) -> str:
        """The index that ``es_mappings/<mapping>.json`` describes."""
        suffix = "-v1" if mapping == "mentions" else ""
        return f"{self.namespace}-{mapping}{suffix}"

    @property
    def mentions_alias(self) -> str:
        return f"{self.namespace}-mentions"

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(self.index(mapping) for mapping in MAPPINGS)
