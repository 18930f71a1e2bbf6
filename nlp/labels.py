"""What the judge answers: four fields and their labels, in the order of the model's outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mentions.errors import ConfigError
from mentions.model import Intent, Sentiment, Topic, Urgency

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sentiment": tuple(label.value for label in Sentiment),
        "urgency": tuple(label.value for label in Urgency),
        "intent": tuple(label.value for label in Intent),
        "topic": tuple(label.value for label in Topic),
    }
)


def span_of(field: str) -> slice:
    """The columns of a field in the model's row of outputs."""
    fields = list(FIELDS)
    start = sum(len(FIELDS[each]) for each in fields[: fields.index(field)])
    return slice(start, start + len(FIELDS[field]))


def check_labels(fields: Mapping[str, Sequence[str]], file: Path) -> None:
    """Refuse a model whose answers mean something else than ours, in another number or order.

    ``file``: where they are named, for the message.
    """
    wanted = {field: list(labels) for field, labels in FIELDS.items()}
    given = {field: list(labels) for field, labels in fields.items()}
    if wanted != given:
        odd = sorted(set(wanted) ^ set(given)) or [f for f in wanted if wanted[f] != given[f]]
        raise ConfigError(
            f"{file}: the model's labels are not those of this version ({', '.join(odd)}): "
            "train one with `molva train`, or take the shipped one"
        )
