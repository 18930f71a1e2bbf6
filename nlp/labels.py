"""What the judge answers: four fields and their labels, in the order of the model's outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
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


def said(field: str, shares: Mapping[str, float]) -> str:
    """The label that is answered: the likeliest; of urgency, whose labels are ordered, the middle.

    The middle level has no more than half of the probability below it and no more than half above,
    so it is the nearest, on average, to what may be true (docs/decisions/0062).
    """
    if field != "urgency":
        return max(shares, key=shares.__getitem__)
    half = sum(shares.values()) / 2
    up_to = zip(shares, accumulate(shares.values()), strict=True)
    return next(label for label, share in up_to if share >= half)


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
    if list(wanted.items()) != list(given.items()):
        odd = sorted(set(wanted) ^ set(given)) or [f for f in wanted if wanted[f] != given[f]]
        odd = odd or ["in another order"]
        raise ConfigError(
            f"{file}: the model's labels are not those of this version ({', '.join(odd)}): "
            "train one with `molva train`, or take the shipped one"
        )
