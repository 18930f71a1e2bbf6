"""Sequences of ids, packed so that hardly a token of padding is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray


def by_length(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions in batches of like length, the longest first: trouble with memory shows at once.

    ``budget``: the tokens of a batch, padding included; a longer text stands alone.
    """
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """One array for all rows, filled up on the right, and how long each row really is."""
    lengths = np.array([len(row) for row in rows], np.int32)
    ids = np.full((len(rows), int(lengths.max())), pad, np.int32)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
    return ids, lengths
