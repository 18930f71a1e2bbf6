"""One training row, whatever file it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from nlp.encoding import plain

# An @name inside a text stays, since the space before it matches first: `repost_key` is for those.
# Changing this moves rows across the split, and with it what the shipped weights were held to.
_NOISE = re.compile(r"\brt\b|@\w+|\blink\b|[\W\d_]+")
_PASSED_ON = re.compile(r"\brt\b|@\w+", re.IGNORECASE)


class Side(StrEnum):
    """Which rows a figure may be measured on."""

    TRAIN = "train"
    TUNE = "tune"  # temperatures, progress
    HELD = "held"  # the reported figures, nothing else


@dataclass(frozen=True, slots=True)
class Example:
    """A text seen from one brand's side, with a distribution over labels for each head it has."""

    id: str
    part: str
    text: str
    targets: dict[str, tuple[float, ...]]
    language: str = "ru"
    names: tuple[str, ...] = ()  # what the brand may be called; empty if nobody said
    keys: tuple[str, ...] = field(default=())  # rows that share a key stand on one side


def text_key(text: str) -> str:
    """The same for copies of a post: words only, without addresses and numbers."""
    return "text:" + _NOISE.sub(" ", plain(text).casefold()).strip()


def repost_key(text: str) -> str:
    """The same for a post and whoever passed it on, naming its author or not."""
    return text_key(_PASSED_ON.sub(" ", text))


def traces(example: Example) -> tuple[str, ...]:
    """By what two rows are known to tell the same story."""
    return (*example.keys, repost_key(example.text))
