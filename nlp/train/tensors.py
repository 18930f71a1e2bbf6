"""Rows as the network takes them: padded ids, soft targets, and which heads each row answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nlp.encoding import Encoder
from nlp.train.examples import Example
from nlp.train.net import SPANS, WIDTH
from nlp.train.plan import Planned


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step."""

    ids: Tensor
    mask: Tensor
    targets: Tensor
    known: Tensor
    weights: Tensor


class Tokens:
    """Ids of every text and name of the run, made once."""

    def __init__(self, encoder: Encoder, examples: Sequence[Example]) -> None:
        self._encoder = encoder
        self._texts = dict(
            zip(
                (example.id for example in examples),
                encoder.text_ids([example.text for example in examples]),
                strict=True,
            )
        )
        names = sorted({name for example in examples for name in example.names})
        self._names = dict(zip(names, encoder.brand_ids(names), strict=True))

    def of(self, example: Example, name: str | None) -> list[int]:
        brand = self._names[name] if name else []
        return self._encoder.join(self._texts[example.id], brand)

    def length(self, example: Example) -> int:
        """Of its text, in tokens: by which a plan sorts rows that are to share a batch."""
        return len(self._texts[example.id])

    def padded(self, rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, rows))
        pad = self._encoder.special.pad
        ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        return ids, (torch.arange(longest)[None, :] < lengths[:, None]).long()

    def batch(self, rows: Sequence[Planned]) -> Batch:
        ids, mask = self.padded([self.of(row.example, row.name) for row in rows])
        targets = torch.zeros(len(rows), WIDTH)
        known = torch.zeros(len(rows), len(SPANS))
        for at, row in enumerate(rows):
            for place, (head, span) in enumerate(SPANS.items()):
                if head in row.example.targets:
                    targets[at, span] = torch.tensor(row.example.targets[head])
                    known[at, place] = 1.0
        weights = torch.tensor([row.weight for row in rows])
        return Batch(ids, mask, targets, known, weights)


def class_weights(rows: Sequence[Example]) -> Tensor:
    """Rare labels count more, by the root of their rarity: neither lost nor king."""
    totals = torch.full((WIDTH,), 1e-6)
    for row in rows:
        for head, target in row.targets.items():
            totals[SPANS[head]] += torch.tensor(target)
    weights = torch.ones(WIDTH)
    for span in SPANS.values():
        shares = totals[span] / totals[span].sum()
        raw = shares.clamp_min(1e-3).rsqrt()
        raw = raw / (raw * shares).sum()
        weights[span] = raw.clamp(0.5, 3.0)
    return weights
