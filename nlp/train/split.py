"""Which rows are trained on: by group, so that no held-back row has a sibling in training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from nlp.train.examples import Example, Side

TUNE_PERCENT = 4
HELD_PERCENT = 10


def groups(rows: Sequence[Sequence[str]]) -> list[str]:
    """For each row of keys the name of its group: rows sharing any key, however indirectly."""
    parents: dict[str, str] = {}
    for keys in rows:
        roots = sorted({_root(parents, key) for key in keys})
        for root in roots[1:]:
            parents[root] = roots[0]
    return [_root(parents, keys[0]) for keys in rows]


def _root(parents: dict[str, str], key: str) -> str:
    """The key that stands for the group; shortens the way to it for the next caller."""
    root = key
    while (parent := parents.setdefault(root, root)) != root:
        root = parent
    while parents[key] != root:
        parents[key], key = root, parents[key]
    return root


def side_of(group: str) -> Side:
    """Chosen by the group's name alone: new rows move no old one but by joining its group.

    A group goes by the first of its keys, so a new copy of a post may bring the post another name.
    """
    place = int.from_bytes(sha256(group.encode()).digest()[:4], "big") % 100
    if place < HELD_PERCENT:
        return Side.HELD
    return Side.TUNE if place < HELD_PERCENT + TUNE_PERCENT else Side.TRAIN


def split(examples: Iterable[Example]) -> dict[Side, list[Example]]:
    rows = list(examples)
    sides: dict[Side, list[Example]] = {side: [] for side in Side}
    for example, group in zip(rows, groups([row.keys for row in rows]), strict=True):
        sides[side_of(group)].append(example)
    return sides
